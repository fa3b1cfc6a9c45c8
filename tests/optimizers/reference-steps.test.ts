import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { followSteps } from './reference-steps.ts';

const apis = ['c-api', 'node'] as const;

// Reference: transformers' Adafactor and prodigyopt, by tests/reference/optimizers.py.
describe.each(apis)('through the %s runtime', (api) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await chooseRuntime({ provider: 'cpu', api, threads: 1 });
  });
  afterAll(() => runtime.dispose());

  test.each([
    ...[true, false].flatMap((onePass) => [
      ...[true, false].map((tapsFirst) => ['adafactor', { tapsFirst, onePass }] as const),
      ...[true, false].map((tapsFirst) => ['adafactor-relative', { tapsFirst, onePass }] as const),
      ['adafactor-warmup', { tapsFirst: false, onePass }] as const,
      ['prodigy', { tapsFirst: false, onePass }] as const,
      ['prodigy-careful', { tapsFirst: false, onePass }] as const,
    ]),
  ])('%s is followed for twenty steps, within 1e-4, where %j', async (name, way) => {
    const { reference, norms, kept } = await followSteps(runtime, `optimizer-${name}`, way);
    const expected = (key: string) => reference.tensors.get(key)!.data as Float32Array;
    // Of numbers of about 20; weights have gone by up to 1e-1.
    expect(maxDifference(norms, expected('gradient_norm'))).toBeLessThan(1e-4);
    let compared = 0;
    for (const [key, values] of kept) {
      const label = key.replace(/^parameter\./, 'final.').replace('shared.estimate', 'shared.scale');
      if (!reference.tensors.has(label)) continue;
      expect(maxDifference(values as Float32Array, expected(label)), key).toBeLessThan(1e-4);
      compared++;
    }
    // Weights, and at least one thing kept of each.
    expect(compared).toBeGreaterThanOrEqual(10);
  });
});

describe.each(apis)('AdamW with 8-bit moments through the %s runtime', (api) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await chooseRuntime({ provider: 'cpu', api, threads: 1 });
  });
  afterAll(() => runtime.dispose());

  test.each([false, true])(
    'is the formula for twenty steps, within 1e-4, and keeps bytes, in one pass: %s',
    async (onePass) => {
      const { reference, norms, kept } = await followSteps(runtime, 'optimizer-adamw8bit', {
        tapsFirst: false,
        onePass,
      });
      const expected = (key: string) => reference.tensors.get(key)!.data as Float32Array;
      expect(maxDifference(norms, expected('gradient_norm'))).toBeLessThan(1e-3);
      for (const name of ['matrix', 'kernel', 'small', 'bias'])
        expect(
          maxDifference(kept.get(`parameter.${name}`) as Float32Array, expected(`final.${name}`)),
          name,
        ).toBeLessThan(1e-4);
      for (const name of ['matrix', 'kernel']) {
        for (const kind of ['firstMoment', 'secondMoment'] as const) {
          const codes = kept.get(`${kind}.${name}`)!;
          expect(codes).toBeInstanceOf(Uint8Array);
          const wanted = reference.tensors.get(`${kind}.${name}`)!.data as BigInt64Array;
          const other = [...wanted].filter((code, i) => BigInt(codes[i]!) !== code).length;
          // Where a number lies between two of the map, the last bit decides; and it stays beside what it would have been.
          expect(other / wanted.length, `${kind} of ${name}`).toBeLessThan(2e-3);
        }
      }
      expect(kept.get('firstMoment.bias')).toBeInstanceOf(Float32Array);
      expect(kept.has('firstScale.bias')).toBe(false);
    },
  );
});
