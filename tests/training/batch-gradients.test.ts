import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { unetDenoiser } from '../../native/families/stable-diffusion/parts.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import { wholePicture } from '../../native/images/picture-origin.ts';
import type { TrainingImage } from '../../native/jobs.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import { noiseProcess } from '../../native/noise/noise-process.ts';
import { parseSchedulerConfig } from '../../native/noise/scheduler-config.ts';
import { updateRule } from '../../native/optimizers/optimizers.ts';
import { normals } from '../../native/random/philox.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { buildArtifacts, type TrainingArtifacts } from '../../native/training/artifacts.ts';
import type { BatchShape } from '../../native/training/batch-shape.ts';
import type { MicroBatch } from '../../native/training/data-order.ts';
import { type DiffusionBatchOptions, prepareTrainingBatch } from '../../native/training/diffusion-batches.ts';
import { buildDiffusionGraph } from '../../native/training/diffusion-graph.ts';
import { drawnWeights } from '../../native/training/initial-weights.ts';
import { createTrainer } from '../../native/training/trainer.ts';
import { relativeDifference } from '../graph/evaluate.ts';
import { plainUNet, statesAlone, tinyScheduler, tinySettings } from './tiny-model.ts';

const tokens = 4;
const unet = readUNetConfig(plainUNet);
const options: DiffusionBatchOptions = {
  settings: { ...tinySettings, minSnrGamma: 5, noiseOffset: 0.1 },
  noise: noiseProcess(parseSchedulerConfig(JSON.stringify(tinyScheduler), 'scheduler_config.json')),
  autoencoder: { latentChannels: 4, factor: 4, scalingFactor: 1 },
  readMoments: ({ image }) =>
    Promise.resolve(normals(1, 'posterior', 0, Number(image.id), new Float32Array(512))),
  conditioning: { facts: {}, factsOf: () => ({}) },
  originOf: ({ image }) => wholePicture(image),
  captions: {
    fill: (captions) => {
      const rows = captions.map((caption) =>
        normals(2, 'captions', 0, Number(caption), new Float32Array(tokens * 16)),
      );
      const data = new Float32Array(rows.length * tokens * 16);
      rows.forEach((row, i) => {
        data.set(row, i * row.length);
      });
      return Promise.resolve({ encoder_hidden_states: data });
    },
  },
};
const images = Array.from({ length: 3 }, (_, i): TrainingImage => {
  return { id: String(i), path: '', captions: [String(i)], width: 32, height: 32 };
});
const batchOf = (from: number, to: number, rows: number): MicroBatch => {
  return { images: images.slice(from, to), rows, bucket: { width: 32, height: 32 } };
};

const built = new Map<number, TrainingArtifacts>();
function artifacts({ rows }: Pick<BatchShape, 'rows'>): TrainingArtifacts {
  const found =
    built.get(rows) ??
    buildArtifacts(
      buildDiffusionGraph({
        denoiser: unetDenoiser(unet),
        conditioning: statesAlone(tokens, 16),
        noise: { predictionType: 'epsilon' },
        encodes: false,
        trained: 'full',
        shape: { rows, size: { height: 8, width: 8 } },
      }),
    );
  built.set(rows, found);
  return found;
}

describe('the gradients of three images', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await chooseRuntime({ provider: 'cpu' });
  });
  afterAll(() => runtime.dispose());

  /** Loss and gradients of a step of these batches. After the first step AdamW's first moment is 0.1 times those. */
  async function step(batches: readonly MicroBatch[], parts = 1) {
    const { trainable } = artifacts({ rows: 3 });
    const trainer = await createTrainer({
      runtime,
      rule: updateRule({ ...tinySettings, maxGradientNorm: 0, emaDecay: 0 }),
      trainable,
      initial: (parameter) => Promise.resolve(drawnWeights(parameter, 1)),
      frozen: ({ name }) => Promise.reject(new Error(name)),
      artifacts,
      parts: { most: 3, of: () => parts },
      accumulate: batches.length > 1,
    });
    let [loss, firstIndex] = [0, 0];
    for (const batch of batches) {
      const place = { step: 1, firstIndex, share: 1 / 3 };
      const { shape, data } = await prepareTrainingBatch(batch, place, options);
      loss += await trainer.backward(shape, data, firstIndex === 0);
      firstIndex += batch.images.length;
    }
    const norm = await trainer.update(1, 0, 0);
    const gradients = new Map<string, Float32Array>();
    for (const { name, shape } of trainable) {
      const moment = await trainer.readState('firstMoment', name, new Float32Array(elementCount(shape)));
      gradients.set(name, moment);
    }
    await trainer.dispose();
    return { loss, norm, gradients };
  }

  // 1e-5: float32 sums over a few thousand terms, taken in another order.
  const tolerance = 1e-5;
  async function expectSame(given: ReturnType<typeof step>): Promise<void> {
    const [expected, { loss, norm, gradients }] = [await step([batchOf(0, 3, 3)]), await given];
    expect(Math.abs(loss / expected.loss - 1)).toBeLessThan(tolerance);
    expect(Math.abs(norm / expected.norm - 1)).toBeLessThan(tolerance);
    expect(gradients.size).toBeGreaterThan(50);
    for (const [name, gradient] of expected.gradients) {
      expect(relativeDifference(gradients.get(name)!, gradient), name).toBeLessThan(tolerance);
    }
  }

  test('are those of a batch with rows that are padding', () => expectSame(step([batchOf(0, 3, 5)])));

  test('are those of three parts that run side by side', () => expectSame(step([batchOf(0, 3, 3)], 3)));

  test('are those of two parts, the second with a row that is padding', () =>
    expectSame(step([batchOf(0, 3, 4)], 2)));

  test('are those of three accumulated batches of one', () =>
    expectSame(step([batchOf(0, 1, 1), batchOf(1, 2, 1), batchOf(2, 3, 1)])));

  test('are those of two accumulated batches, the second not full', () =>
    expectSame(step([batchOf(0, 2, 2), batchOf(2, 3, 2)])));
});
