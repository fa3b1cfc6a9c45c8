import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { OpenModel } from '../../native/families/family.ts';
import { openModel } from '../../native/families/open-model.ts';
import type { Value } from '../../native/graph/graph.ts';
import { add, mul } from '../../native/graph/ops/elementwise.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { probePrediction } from '../../native/sampling/probe-prediction.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { writeSingleFileModel } from '../reference/single-file-models.ts';

const folder = temporaryFolder();
let runtime: Runtime;
let trained: OpenModel;
beforeAll(async () => {
  runtime = await chooseRuntime({ provider: 'cpu' });
  trained = await openModel({ base: fileURLToPath(new URL('../../resources/seedling', import.meta.url)) });
});
afterAll(async () => {
  await trained.close();
  await runtime.dispose();
});

/** A trained model whose denoiser's answer is turned into another. */
function answering(turn: (answer: Value, sample: Value) => Value): OpenModel {
  const { denoiser } = trained;
  return {
    ...trained,
    denoiser: {
      ...denoiser,
      predict: (builder, inputs) => turn(denoiser.predict(builder, inputs), inputs.sample),
    },
  };
}

describe('what a model predicts is told by trying', () => {
  test('of one that was trained on velocity', async () => {
    expect(trained.noise.predictionType).toBe('v_prediction');
    const { type, share } = await probePrediction(runtime, trained);
    expect(type).toBe('v_prediction');
    expect(Math.abs(share)).toBeLessThan(0.1);
  });

  // The same network, by e = alpha v + sigma x, which is exact (Salimans and Ho 2022, appendix D).
  test('of one that predicts noise', async () => {
    const { signal, noise } = trained.noise.ratesAt(trained.noise.timestepAt(1 - 1e-6));
    const { type, share } = await probePrediction(
      runtime,
      answering((velocity, sample) => add(mul(velocity, signal), mul(sample, noise))),
    );
    expect(type).toBe('epsilon');
    expect(share).toBeCloseTo(1, 1);
  });

  test.each([-1, 0.5, 2])('of one that gives back the noise %s times, neither', async (times) => {
    const { type } = await probePrediction(
      runtime,
      answering((velocity, sample) => add(mul(velocity, 1e-3), mul(sample, times))),
    );
    expect(type).toBeNull();
  });

  test('without its text encoder', async () => {
    await writeSingleFileModel(folder.path, 2);
    const model = await openModel({ base: `${folder.path}/sd2` });
    const asked: string[] = [];
    await probePrediction(runtime, {
      ...model,
      readWeight: (weight) => {
        asked.push(weight.component);
        return model.readWeight(weight);
      },
    });
    expect(new Set(asked)).toEqual(new Set(['unet']));
    await model.close();
  });
});
