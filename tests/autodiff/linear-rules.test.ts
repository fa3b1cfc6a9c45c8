import { describe, expect, test } from 'vitest';

import { conv } from '../../native/graph/ops/conv.ts';
import { patches } from '../../native/graph/ops/image-rows.ts';
import { rowsConv } from '../../native/kernels/matrix-conv.ts';
import { winogradConv } from '../../native/kernels/winograd-conv.ts';
import { relativeDifference } from '../graph/evaluate.ts';
import { differentiate, unitDifferences } from './gradient-check.ts';
import { byTaps, linearCases } from './linear-cases.ts';

describe.each(linearCases)('%s', (_, shapes, build) => {
  test('has the gradient that differences give', async () => {
    const found = await differentiate(shapes, build);
    const expected = await unitDifferences(found);
    for (const name of Object.keys(shapes)) {
      // 1e-4: the loss, of magnitude 100 at most, is rounded to float32 before differences are taken.
      Array.from(found.gradients[name]!).forEach((gradient, i) => {
        expect(Math.abs(gradient - expected[name]![i]!), `${name}[${i}]`).toBeLessThan(1e-4);
      });
    }
  });
});

describe('Conv', () => {
  const padding = [1, 1, 1, 1] as const;
  const shapes = { x: [2, 2, 3, 3], weight: [3, 2, 3, 3], bias: [3] };

  // Small numbers on few bits: the sums are exact in any order.
  test('has the same input gradient whether or not that of the weight is wanted too', async () => {
    const both = await differentiate(shapes, ({ x, weight }) => conv(x!, weight!, null, { padding }));
    const weight = Array.from(both.inputs.weight!);
    const alone = await differentiate({ x: shapes.x }, ({ x }) =>
      conv(x!, x!.graph.constant('float32', shapes.weight, weight), null, { padding }),
    );
    expect(alone.gradients.x).toEqual(both.gradients.x);
  });

  test('has the same weight gradient whether or not that of the input is wanted too', async () => {
    const both = await differentiate(shapes, ({ x, weight }) => conv(x!, weight!, null, { padding }));
    const x = Array.from(both.inputs.x!);
    const alone = await differentiate(
      { weight: shapes.weight },
      ({ weight }) => conv(weight!.graph.constant('float32', shapes.x, x), weight!, null, { padding }),
      { weight: both.inputs.weight! },
    );
    expect(alone.gradients.weight).toEqual(both.gradients.weight);
  });

  test.each([
    [8, 8, 2],
    [5, 7, 2],
    [1, 2, 2],
    [8, 8, 4],
    [5, 7, 4],
    [1, 2, 4],
    [17, 3, 4],
  ] as const)(
    "is the same function by Winograd's method on %ix%i pixels in tiles of %i",
    async (h, w, tile) => {
      const sizes = { x: [2, 5, h, w], weight: [4, 5, 3, 3], bias: [4] };
      const plain = await differentiate(sizes, ({ x, weight, bias }) =>
        conv(x!, weight!, bias!, { padding }),
      );
      const winograd = await differentiate(sizes, ({ x, weight, bias }) =>
        winogradConv(x!, byTaps(weight!), bias!, tile),
      );
      // 1e-5 of each: the transforms add and halve, so that a sum is rounded a few times more often.
      expect(await winograd.lossAt(plain.inputs)).toBeCloseTo(await plain.lossAt(plain.inputs), 3);
      for (const name of ['x', 'weight', 'bias'] as const) {
        expect(relativeDifference(winograd.gradients[name]!, plain.gradients[name]!), name).toBeLessThan(
          1e-5,
        );
      }
    },
  );
});

describe('rowsConv', () => {
  test.each([
    [4, 4],
    [5, 1],
    [1, 7],
  ] as const)('is Conv on %ix%i pixels', async (h, w) => {
    const sizes = { x: [2, 5, h, w], weight: [4, 5, 3, 3], bias: [4] };
    const plain = await differentiate(sizes, ({ x, weight, bias }) =>
      conv(x!, weight!, bias!, { padding: [1, 1, 1, 1] }),
    );
    const rows = await differentiate(sizes, ({ x, weight, bias }) => rowsConv(x!, byTaps(weight!), bias!));
    expect(await rows.lossAt(plain.inputs)).toBeCloseTo(await plain.lossAt(plain.inputs), 3);
    for (const name of ['x', 'weight', 'bias'] as const)
      expect(relativeDifference(rows.gradients[name]!, plain.gradients[name]!), name).toBeLessThan(1e-6);
  });
});

describe('patches', () => {
  test('are the pixels under the kernel, zeros outside of the image', async () => {
    const geometry = { input: [1, 1, 2, 2], output: [1, 1, 2, 2], kernel: [3, 3], stride: 1 } as const;
    const { lossAt, weights, inputs } = await differentiate({ x: [4, 1] }, ({ x }) =>
      patches(x!, { ...geometry, padding: [1, 1, 1, 1] }),
    );
    const [a, b, c, d] = Array.from(inputs.x!) as [number, number, number, number];
    const expected = [
      [0, 0, 0, 0, a, b, 0, c, d],
      [0, 0, 0, a, b, 0, c, d, 0],
      [0, a, b, 0, c, d, 0, 0, 0],
      [a, b, 0, c, d, 0, 0, 0, 0],
    ].flat();
    expect(await lossAt(inputs)).toBe(expected.reduce((sum, value, i) => sum + value * weights[i]!, 0));
  });
});
