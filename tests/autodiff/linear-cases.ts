import type { Value } from '../../native/graph/graph.ts';
import { conv } from '../../native/graph/ops/conv.ts';
import { add, cast, identity, mul, neg, sub, where } from '../../native/graph/ops/elementwise.ts';
import { toImage, toRows } from '../../native/graph/ops/image-rows.ts';
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
import type { Build, Shapes } from './weighted-sum.ts';

/** A weight [o, c, kh, kw] as [kh·kw, o, c]. */
export function byTaps(weight: Value): Value {
  const [o, c, kh, kw] = weight.shape as readonly [number, number, number, number];
  return reshape(transpose(reshape(weight, [o * c, kh * kw]), [1, 0]), [kh * kw, o, c]);
}

/** Each is linear in each of its inputs, so a step of 1 in one element gives the gradient without truncation. */
export const linearCases: readonly (readonly [name: string, shapes: Shapes, build: Build])[] = [
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
    [false, true].map((transB): (typeof linearCases)[number] => [
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
  ).map(([name, [c, h, w], kernel, stride, padding]): (typeof linearCases)[number] => [
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
  ).map(([h, w, tile]): (typeof linearCases)[number] => [
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
