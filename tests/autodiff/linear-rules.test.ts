import { describe, expect, test } from 'vitest';

import type { Value } from '../../native/graph/graph.ts';
import { conv } from '../../native/graph/ops/conv.ts';
import { add, cast, identity, mul, neg, sub, where } from '../../native/graph/ops/elementwise.ts';
import { patches, toImage, toRows } from '../../native/graph/ops/image-rows.ts';
import { gemm, matmul } from '../../native/graph/ops/matmul.ts';
import { reduceMean, reduceSum, sumRows } from '../../native/graph/ops/reduce.ts';
import { averagePool, upsampleNearest } from '../../native/graph/ops/resample.ts';
import {
  concat,
  expand,
  gather,
  pad,
  reshape,
  slice,
  split,
  transpose,
} from '../../native/graph/ops/shape.ts';
import { rowsConv } from '../../native/kernels/matrix-conv.ts';
import { winogradConv } from '../../native/kernels/winograd-conv.ts';
import { relativeDifference } from '../graph/evaluate.ts';
import { differentiate, type Shapes, unitDifferences } from './gradient-check.ts';

/** A weight [o, c, kh, kw] as [kh·kw, o, c]. */
function byTaps(weight: Value): Value {
  const [o, c, kh, kw] = weight.shape as readonly [number, number, number, number];
  return reshape(transpose(reshape(weight, [o * c, kh * kw]), [1, 0]), [kh * kw, o, c]);
}

type Build = (inputs: Record<string, Value>) => Value;

/** Each is linear in each of its inputs, so a step of 1 in one element gives the gradient without truncation. */
const cases: readonly (readonly [name: string, shapes: Shapes, build: Build])[] = [
  ['Add', { a: [2, 3], b: [2, 3] }, ({ a, b }) => add(a!, b!)],
  ['Add, broadcasting both', { a: [2, 1, 3], b: [4, 1] }, ({ a, b }) => add(a!, b!)],
  ['Add of a value to itself', { a: [3] }, ({ a }) => add(a!, a!)],
  ['Sub, broadcasting', { a: [3], b: [2, 3] }, ({ a, b }) => sub(a!, b!)],
  ['Mul', { a: [2, 3], b: [2, 3] }, ({ a, b }) => mul(a!, b!)],
  ['Mul by a scalar', { a: [2, 3], b: [] }, ({ a, b }) => mul(a!, b!)],
  ['Neg', { a: [5] }, ({ a }) => neg(a!)],
  ['Identity', { a: [5] }, ({ a }) => identity(a!)],
  ['Cast', { a: [5] }, ({ a }) => cast(cast(a!, 'float16'), 'float32')],
  [
    'Where',
    { a: [2, 3], b: [3] },
    ({ a, b }) => where(a!.graph.constant('bool', [2, 3], Uint8Array.of(1, 0, 0, 1, 1, 0)), a!, b!),
  ],
  ['Reshape', { a: [2, 6] }, ({ a }) => reshape(a!, [3, 4])],
  ['Transpose', { a: [2, 3, 4] }, ({ a }) => transpose(a!, [2, 0, 1])],
  ['Concat', { a: [2, 1, 2], b: [2, 3, 2] }, ({ a, b }) => concat([a!, b!, a!], 1)],
  ['Slice', { a: [4, 5] }, ({ a }) => slice(a!, [{ axis: 1, begin: 1, end: 4 }])],
  [
    'Slice on two axes',
    { a: [4, 5] },
    ({ a }) =>
      slice(a!, [
        { axis: 0, begin: 2, end: 4 },
        { axis: 1, begin: 0, end: 2 },
      ]),
  ],
  ['Split', { a: [2, 5] }, ({ a }) => mul(split(a!, [2, 3], 1)[1]!, 2)],
  ['Expand', { a: [2, 1] }, ({ a }) => expand(a!, [3, 2, 4])],
  ['Pad', { a: [2, 3] }, ({ a }) => pad(a!, [1, 0], [0, 2])],
  [
    'Gather, a row twice',
    { a: [4, 3] },
    ({ a }) => gather(a!, a!.graph.constant('int64', [2, 2], [3, 0, 3, 1]), 0),
  ],
  ['MatMul', { a: [2, 3], b: [3, 4] }, ({ a, b }) => matmul(a!, b!)],
  ['MatMul of batches', { a: [2, 2, 3], b: [2, 3, 2] }, ({ a, b }) => matmul(a!, b!)],
  ['MatMul, broadcasting batches', { a: [2, 2, 3], b: [3, 2] }, ({ a, b }) => matmul(a!, b!)],
  ...[false, true].flatMap((transA) =>
    [false, true].map((transB): (typeof cases)[number] => [
      `Gemm, transA ${transA}, transB ${transB}`,
      { a: transA ? [3, 2] : [2, 3], b: transB ? [4, 3] : [3, 4], c: [4] },
      ({ a, b, c }) => gemm(a!, b!, c!, { transA, transB }),
    ]),
  ),
  [
    'Gemm with a bias of full shape',
    { a: [2, 3], b: [3, 2], c: [2, 2] },
    ({ a, b, c }) => gemm(a!, b!, c!, {}),
  ],
  ['ReduceSum', { a: [2, 3, 4] }, ({ a }) => reduceSum(a!, [1])],
  ['ReduceSum, kept', { a: [2, 3, 4] }, ({ a }) => reduceSum(a!, [0, 2], true)],
  ['ReduceMean', { a: [2, 4] }, ({ a }) => reduceMean(a!, [1])],
  ['the sum of rows', { a: [3, 4] }, ({ a }) => sumRows(a!)],
  ['Resize to twice the size', { a: [1, 2, 2, 3] }, ({ a }) => upsampleNearest(a!, 2)],
  ['AveragePool', { a: [1, 2, 4, 2] }, ({ a }) => averagePool(a!, 2)],
  ['rows of an image and back', { a: [2, 3, 1, 2] }, ({ a }) => toImage(mul(toRows(a!), 2), [2, 3, 1, 2])],
  ...(
    [
      ['3x3', [2, 3, 3], [3, 3], 1, [1, 1, 1, 1]],
      ['1x1', [3, 2, 2], [1, 1], 1, [0, 0, 0, 0]],
      ['3x3 of stride 2', [2, 4, 4], [3, 3], 2, [1, 1, 1, 1]],
      ['3x3 of stride 2 on an odd size', [1, 5, 5], [3, 3], 2, [1, 1, 1, 1]],
      ['3x3 of stride 2, padded at the far edges', [1, 4, 4], [3, 3], 2, [0, 0, 1, 1]],
      ['2x3 without padding', [2, 3, 4], [2, 3], 1, [0, 0, 0, 0]],
      ['1x1 of stride 2', [2, 4, 4], [1, 1], 2, [0, 0, 0, 0]],
    ] as const
  ).map(([name, [c, h, w], kernel, stride, padding]): (typeof cases)[number] => [
    `Conv ${name}`,
    { x: [2, c, h, w], weight: [2, c, ...kernel], bias: [2] },
    ({ x, weight, bias }) => conv(x!, weight!, bias!, { stride, padding }),
  ]),
  ...(
    [
      [4, 4, 2],
      [3, 2, 2],
      [5, 3, 2],
      [1, 1, 2],
      [4, 4, 4],
      [5, 3, 4],
      [9, 1, 4],
    ] as const
  ).map(([h, w, tile]): (typeof cases)[number] => [
    `a Conv by Winograd's method on ${h}x${w} pixels in tiles of ${tile}`,
    { x: [2, 2, h, w], weight: [3, 2, 3, 3], bias: [3] },
    ({ x, weight, bias }) => winogradConv(x!, byTaps(weight!), bias!, tile),
  ]),
  [
    'a Conv of rows',
    { x: [2, 2, 3, 4], weight: [3, 2, 3, 3], bias: [3] },
    ({ x, weight, bias }) => rowsConv(x!, byTaps(weight!), bias!),
  ],
];

describe.each(cases)('%s', (_, shapes, build) => {
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
