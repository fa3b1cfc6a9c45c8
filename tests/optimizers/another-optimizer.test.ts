import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { unetDenoiser } from '../../native/families/stable-diffusion/parts.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import { add, mul, sub } from '../../native/graph/ops/elementwise.ts';
import type { TrainingImage, TrainJob } from '../../native/jobs.ts';
import type { Parameter } from '../../native/models/parameter.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import type { Optimizer } from '../../native/optimizers/optimizer.ts';
import { buildUpdate } from '../../native/optimizers/update-graph.ts';
import { normals } from '../../native/random/philox.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { buildArtifacts, trainedOf, type TrainingArtifacts } from '../../native/training/artifacts.ts';
import { buildDiffusionGraph } from '../../native/training/diffusion-graph.ts';
import { drawnWeights } from '../../native/training/initial-weights.ts';
import { jobFingerprint, readFinite } from '../../native/training/run-state.ts';
import { createTrainer, type Trainer } from '../../native/training/trainer.ts';
import { trainingLoop } from '../../native/training/training-loop.ts';
import { openSafetensors, writeSafetensors } from '../../native/weights/safetensors.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { hashTree, plainUNet, statesAlone, tinyJob } from '../training/tiny-model.ts';

const momentum = 0.8;

/** Gradient descent with momentum, as PyTorch's SGD has it: v = momentum v + g, then p = p - rate v. */
const sgd: Optimizer = {
  kind: 'sgd',
  state: ['velocity'],
  scalars: ['learning-rate'],
  scalarsAt: (_step, learningRate) => ({ 'learning-rate': learningRate }),
  update: ({ gradient, before, scalar, flat, shaped }) => {
    const velocity = add(shaped(mul(before('velocity'), momentum)), shaped(gradient));
    const change = mul(flat(velocity), scalar('learning-rate'));
    return { parameter: sub(shaped(before('parameter')), shaped(change)), velocity };
  },
};

const folder = temporaryFolder();
const [rows, tokens] = [2, 4];
const shape = { rows, size: { height: 8, width: 8 } };
let runtime: Runtime;
let artifacts: TrainingArtifacts;
beforeAll(async () => {
  runtime = await chooseRuntime({ provider: 'cpu', threads: 1 });
  artifacts = buildArtifacts(
    buildDiffusionGraph({
      denoiser: unetDenoiser(readUNetConfig(plainUNet)),
      conditioning: statesAlone(tokens, 16),
      noise: { predictionType: 'epsilon' },
      encodes: false,
      trained: 'full',
      shape,
    }),
    runtime,
  );
});
afterAll(() => runtime.dispose());

function openTrainer(ema: boolean): Promise<Trainer> {
  return createTrainer({
    runtime,
    rule: { optimizer: sgd, maxGradientNorm: 1, ema },
    trainable: trainedOf(artifacts.trainable),
    initial: (parameter) => Promise.resolve(drawnWeights(parameter, 1)),
    frozen: ({ name }) => Promise.reject(new Error(name)),
    artifacts: () => artifacts,
    accumulate: false,
  });
}

/** Batches by step alone. */
function batch(step: number) {
  const noise = (index: number, ...extents: readonly number[]): Float32Array<ArrayBuffer> =>
    normals(1, 'noise', step, index, new Float32Array(elementCount(extents)));
  const rate = (value: number): Float32Array<ArrayBuffer> => new Float32Array(rows).fill(value);
  const data = {
    latents: noise(0, rows, 4, 8, 8),
    noise: noise(1, rows, 4, 8, 8),
    encoder_hidden_states: noise(2, rows, tokens, 16),
    timesteps: Float32Array.of(50, 700),
    signal_rate: rate(0.8),
    noise_rate: rate(0.6),
    loss_weights: rate(1 / rows),
  };
  return { shape, data };
}

const read = (trainer: Trainer, kind: string, { name, shape: extents }: Parameter) =>
  trainer.readState(kind, name, new Float32Array(elementCount(extents)));

/** Six steps in three epochs; stopped after step `until` where that is given. */
async function train(job: TrainJob, until?: number): Promise<void> {
  await mkdir(job.folder, { recursive: true });
  const trainer = await openTrainer(true);
  const stop = new AbortController();
  const task = {
    trainer,
    prepare: (_: unknown, { step }: { readonly step: number }) => Promise.resolve(batch(step)),
    validation: [],
    writeCheckpoint: (target: string) =>
      writeSafetensors(
        join(target, 'weights.safetensors'),
        trainer.trainable.map((parameter) => ({
          name: parameter.name,
          dtype: 'F32' as const,
          shape: parameter.shape,
          data: () => readFinite(trainer, 'ema', parameter),
        })),
      ),
    dispose: () => trainer.dispose(),
  };
  try {
    await trainingLoop(job, { fingerprint: jobFingerprint(job), base: 'none' }, task, {
      emit: (event) => {
        if (event.type === 'step' && event.step === until) stop.abort();
      },
      stop: stop.signal,
    });
  } finally {
    await task.dispose();
  }
}

const images = Array.from({ length: 4 }, (_, i): TrainingImage => {
  return { id: String(i), path: '', captions: [''], width: 32, height: 32 };
});
const job = (name: string): TrainJob =>
  tinyJob(
    { folder: join(folder.path, name), base: '', images },
    { epochs: 3, checkpointEpochs: [1, 3], emaDecay: 0.9, learningRate: 0.05 },
  );

describe('an optimizer that keeps one tensor of each parameter', () => {
  test('moves parameters by its formula', async () => {
    const trainer = await openTrainer(false);
    expect(trainer.stateKinds).toEqual(['parameter', 'velocity']);
    const before = new Map<string, { readonly weights: Float32Array; readonly velocity: Float32Array }>();
    for (const step of [1, 2]) {
      const { data } = batch(step);
      await trainer.backward(shape, data, true);
      await trainer.update(step, 0.05, 0);
      for (const parameter of trainer.trainable) {
        const [weights, velocity] = [
          await read(trainer, 'parameter', parameter),
          await read(trainer, 'velocity', parameter),
        ];
        const old = before.get(parameter.name)?.weights ?? drawnWeights(parameter, 1);
        // 1e-6: a rounding of float32 in numbers of about 1.
        const apart = weights.map((value, i) => Math.abs(value - (old[i]! - 0.05 * velocity[i]!)));
        expect(Math.max(...apart), parameter.name).toBeLessThan(1e-6);
        expect(
          velocity.some((value) => value !== 0),
          parameter.name,
        ).toBe(true);
        before.set(parameter.name, { weights, velocity });
      }
    }
    await trainer.dispose();
  });

  test('has its state kept, and resumes to the bytes of a run that was left alone', async () => {
    await train(job('whole'));
    await train(job('stopped'), 3);
    const state = join(folder.path, 'stopped', 'state', 'step-00000003', 'tensors.safetensors');
    const tensors = await openSafetensors(state);
    const kinds = [...tensors.tensors.keys()].map((name) => name.split('/')[0]);
    await tensors.close();
    expect(new Set(kinds)).toEqual(new Set(['parameter', 'velocity', 'ema']));
    await train(job('stopped'));

    const filesOf = async (name: string): Promise<Record<string, string>> => {
      const { 'metrics.jsonl': _, ...files } = await hashTree(join(folder.path, name));
      return files;
    };
    const files = await filesOf('whole');
    expect(Object.keys(files).filter((name) => name.endsWith('.safetensors'))).toHaveLength(3);
    expect(await filesOf('stopped')).toEqual(files);
  });

  test('is refused where two nodes read what is written over', () => {
    const twice: Optimizer = {
      ...sgd,
      update: ({ gradient, before }) => {
        const old = before('velocity');
        const velocity = add(mul(old, momentum), gradient);
        return { parameter: sub(before('parameter'), add(velocity, old)), velocity };
      },
    };
    const specs = [{ name: 'matrix', shape: [3, 4] }];
    const rule = { maxGradientNorm: 0, ema: false };
    expect(() => buildUpdate(specs, { ...rule, optimizer: sgd })).not.toThrow();
    expect(() => buildUpdate(specs, { ...rule, optimizer: twice })).toThrow(
      'sgd reads velocity/matrix by 2 nodes, not by one.',
    );
  });

  test('may update short vectors end to end, and each comes out by its own name', async () => {
    const specs = [
      { name: 'a', shape: [3] },
      { name: 'b', shape: [3] },
    ];
    const model = buildUpdate(specs, { optimizer: sgd, maxGradientNorm: 0, ema: false });
    const session = await runtime.createSession(model);
    expect([...session.inputNames].sort()).toEqual(
      [
        'ema-rate',
        'learning-rate',
        ...['gradient', 'parameter', 'velocity'].flatMap((kind) => [`${kind}/a`, `${kind}/b`]),
      ].sort(),
    );
    expect(session.outputNames).toEqual([
      'gradient-norm',
      'new/parameter/a',
      'new/parameter/b',
      'new/velocity/a',
      'new/velocity/b',
    ]);
    await session.dispose();
  });
});
