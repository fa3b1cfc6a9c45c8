import { describe, expect, test } from 'vitest';

import { evaluate, maxDifference } from '../graph/evaluate.ts';
import type { ModelName } from '../reference/fixture.ts';
import { buildReferenceModel } from './reference-model.ts';

const names: readonly ModelName[] = [
  'unet-tiny',
  'unet-sd1',
  'unet-sd1-deep',
  'unet-sd2',
  'unet-plain-first',
  'unet-sdxl',
  'clip-sd1',
  'clip-sd2',
  'clip-sdxl',
  'clip-sdxl-projected',
  'vae-2-levels',
  'vae-3-levels',
];

// Reference outputs: diffusers and transformers on PyTorch, by tests/reference/models.py.
describe.each(names)('%s', (name) => {
  // SDXL takes what the last of three layers reads, so neither that layer nor the norm after it is part of the model.
  const unread = (key: string): boolean =>
    name === 'clip-sdxl' && /\.layers\.2\.|\.final_layer_norm\./.test(key);

  test('has the parameters of the state dict, by name and shape', async () => {
    const { parameters, fixture } = await buildReferenceModel(name);
    const mine = new Map(parameters.parameters.map(({ key, shape }) => [key, shape.join()]));
    const theirs = new Map(
      [...fixture.weights].filter(([key]) => !unread(key)).map(([key, { shape }]) => [key, shape.join()]),
    );
    expect(mine).toEqual(theirs);
  });

  // 1e-4: float32 sums over at most a few thousand terms of order one, in another order than PyTorch's.
  test('computes what the reference computes, within 1e-4', async () => {
    const { graph, outputs, data, fixture } = await buildReferenceModel(name);
    const results = await evaluate(graph, outputs, data);
    for (const key of Object.keys(outputs)) {
      const expected = fixture.outputs.get(key)!.data as Float32Array;
      expect(maxDifference(results.get(key)!, expected), key).toBeLessThanOrEqual(1e-4);
    }
  });
});
