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
  'clip-sd1',
  'clip-sd2',
  'vae-2-levels',
  'vae-3-levels',
];

// Reference outputs: diffusers and transformers on PyTorch, by tests/reference/models.py.
describe.each(names)('%s', (name) => {
  test('has the parameters of the state dict, by name and shape', async () => {
    const { parameters, fixture } = await buildReferenceModel(name);
    const mine = new Map(parameters.parameters.map(({ key, shape }) => [key, shape.join()]));
    const theirs = new Map([...fixture.weights].map(([key, { shape }]) => [key, shape.join()]));
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
