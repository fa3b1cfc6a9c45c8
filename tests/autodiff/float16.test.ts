import { describe, expect, test } from 'vitest';

import { gradients } from '../../native/autodiff/gradients.ts';
import { type DataType, elementCount } from '../../native/graph/data-type.ts';
import { Graph, type Value } from '../../native/graph/graph.ts';
import { conv, convTranspose } from '../../native/graph/ops/conv.ts';
import {
  abs,
  add,
  cast,
  clip,
  cos,
  div,
  exp,
  greater,
  log,
  maximum,
  minimum,
  mul,
  neg,
  reciprocal,
  sin,
  sqrt,
  sub,
  tanh,
  where,
} from '../../native/graph/ops/elementwise.ts';
import { patches, sumOfTaps, toImage, toRows } from '../../native/graph/ops/image-rows.ts';
import { gemm, matmul } from '../../native/graph/ops/matmul.ts';
import { layerNormalization } from '../../native/graph/ops/norm.ts';
import { reduceMean, reduceSum, softmax, sumRows } from '../../native/graph/ops/reduce.ts';
import { averagePool, upsampleNearest } from '../../native/graph/ops/resample.ts';
import { concat, expand, gather, pad, slice, split, transpose } from '../../native/graph/ops/shape.ts';
import { rowsConv } from '../../native/kernels/matrix-conv.ts';
import { winogradConv } from '../../native/kernels/winograd-conv.ts';
import { gelu, quickGelu, silu } from '../../native/models/activations.ts';
import { evaluate, relativeDifference } from '../graph/evaluate.ts';

interface Case {
  readonly name: string;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly build: (inputs: Record<string, Value>) => Value;
  /** Of the inputs, added to numbers in [-2, 2]. */
  readonly offset?: number;
}

const image = { x: [2, 3, 4, 4] };
const threeByThree = {
  kernel: [3, 3],
  stride: 1,
  padding: [1, 1, 1, 1],
  input: [2, 3, 4, 4],
  output: [2, 5, 4, 4],
} as const;

const cases: readonly Case[] = [
  { name: 'Add, broadcasting', shapes: { x: [2, 3], y: [3] }, build: ({ x, y }) => add(x!, y!) },
  { name: 'Sub of a number', shapes: { x: [2, 3] }, build: ({ x }) => sub(1, x!) },
  { name: 'Mul, broadcasting', shapes: { x: [4, 3], y: [4, 1] }, build: ({ x, y }) => mul(x!, y!) },
  { name: 'Div', shapes: { x: [2, 3], y: [3] }, offset: 3, build: ({ x, y }) => div(x!, y!) },
  { name: 'Neg', shapes: { x: [5] }, build: ({ x }) => neg(x!) },
  { name: 'Abs', shapes: { x: [7] }, build: ({ x }) => abs(x!) },
  { name: 'Sqrt', shapes: { x: [7] }, offset: 3, build: ({ x }) => sqrt(x!) },
  { name: 'Reciprocal', shapes: { x: [7] }, offset: 3, build: ({ x }) => reciprocal(x!) },
  { name: 'Exp', shapes: { x: [7] }, build: ({ x }) => exp(x!) },
  { name: 'Log', shapes: { x: [7] }, offset: 3, build: ({ x }) => log(x!) },
  { name: 'Sin and Cos', shapes: { x: [7] }, build: ({ x }) => mul(sin(x!), cos(x!)) },
  { name: 'Tanh', shapes: { x: [7] }, build: ({ x }) => tanh(x!) },
  { name: 'Clip', shapes: { x: [17] }, build: ({ x }) => clip(x!, -0.7, 1.3) },
  { name: 'Min and Max', shapes: { x: [17] }, build: ({ x }) => maximum(minimum(x!, 1.3), -0.7) },
  {
    name: 'Where',
    shapes: { x: [2, 3], y: [3] },
    build: ({ x, y }) => where(greater(x!, 0.3), x!, y!),
  },
  { name: 'SiLU', shapes: { x: [9] }, build: ({ x }) => silu(x!) },
  { name: 'quick GELU', shapes: { x: [9] }, build: ({ x }) => quickGelu(x!) },
  { name: 'GELU', shapes: { x: [9] }, build: ({ x }) => gelu(x!) },
  { name: 'MatMul', shapes: { x: [2, 3, 4], y: [2, 4, 5] }, build: ({ x, y }) => matmul(x!, y!) },
  {
    name: 'Gemm',
    shapes: { x: [3, 4], y: [5, 4], bias: [5] },
    build: ({ x, y, bias }) => gemm(x!, y!, bias!, { transB: true }),
  },
  {
    name: 'Conv',
    shapes: { ...image, weight: [5, 3, 3, 3], bias: [5] },
    build: ({ x, weight, bias }) => conv(x!, weight!, bias!, { padding: [1, 1, 1, 1] }),
  },
  {
    name: 'Conv of stride 2',
    shapes: { ...image, weight: [5, 3, 3, 3], bias: [5] },
    build: ({ x, weight, bias }) => conv(x!, weight!, bias!, { stride: 2, padding: [1, 1, 1, 1] }),
  },
  {
    name: "a Conv by Winograd's method",
    shapes: { ...image, weight: [9, 5, 3], bias: [5] },
    build: ({ x, weight, bias }) => winogradConv(x!, weight!, bias!, 2),
  },
  {
    name: 'a Conv of all taps in one product',
    shapes: { ...image, weight: [9, 5, 3], bias: [5] },
    build: ({ x, weight, bias }) => rowsConv(x!, weight!, bias!),
  },
  {
    name: 'patches of rows',
    shapes: image,
    build: ({ x }) => patches(toRows(x!), { ...threeByThree, output: [2, 3, 4, 4] }),
  },
  {
    name: 'the sum of taps',
    shapes: { ...image, weight: [45, 3] },
    build: ({ x, weight }) => toImage(sumOfTaps(toRows(x!), weight!, threeByThree), threeByThree.output),
  },
  {
    name: 'LayerNormalization',
    shapes: { x: [3, 8], scale: [8], shift: [8] },
    build: ({ x, scale, shift }) => layerNormalization(x!, scale!, shift!, 1e-5).output,
  },
  { name: 'Softmax', shapes: { x: [3, 8] }, build: ({ x }) => softmax(x!) },
  { name: 'ReduceSum', shapes: { x: [2, 3, 4] }, build: ({ x }) => reduceSum(x!, [0, 2]) },
  { name: 'ReduceMean', shapes: { x: [2, 3, 4] }, build: ({ x }) => reduceMean(x!, [1], true) },
  { name: 'the sum of rows', shapes: { x: [6, 4] }, build: ({ x }) => sumRows(x!) },
  { name: 'Transpose', shapes: { x: [2, 3, 4] }, build: ({ x }) => transpose(x!, [2, 0, 1]) },
  { name: 'Concat', shapes: { x: [2, 3], y: [2, 2] }, build: ({ x, y }) => concat([x!, y!], 1) },
  { name: 'Slice', shapes: { x: [4, 5] }, build: ({ x }) => slice(x!, [{ axis: 1, begin: 1, end: 4 }]) },
  { name: 'Split', shapes: { x: [2, 5] }, build: ({ x }) => mul(split(x!, [2, 3], 1)[1]!, 2) },
  { name: 'Expand', shapes: { x: [2, 1] }, build: ({ x }) => expand(x!, [3, 2, 4]) },
  { name: 'Pad', shapes: { x: [2, 3] }, build: ({ x }) => pad(x!, [1, 0], [0, 2]) },
  {
    name: 'Gather',
    shapes: { x: [4, 3] },
    build: ({ x }) => gather(x!, x!.graph.constant('int64', [4], [3, 0, 3, 1]), 0),
  },
  { name: 'Resize', shapes: image, build: ({ x }) => upsampleNearest(x!, 2) },
  { name: 'AveragePool', shapes: image, build: ({ x }) => averagePool(x!, 2) },
];

/** Multiples of 1/16 in [-2, 2], which float16 holds exactly. */
function numbers(count: number, salt: number, offset: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: count },
    (_, i) => (((i * 37 + salt * 53 + ((i * i) % 11)) % 65) - 32) / 16 + offset,
  );
}

/** The output of `build` on inputs of `type`, and the gradient of its weighted sum by each input, all as float32. */
async function computed(
  { shapes, build, offset = 0 }: Case,
  type: DataType,
): Promise<Map<string, Float32Array>> {
  const graph = new Graph();
  const given = Object.entries(shapes).map(
    ([name, shape]) => [name, graph.input(name, 'float32', shape)] as const,
  );
  const output = build(Object.fromEntries(given.map(([name, value]) => [name, cast(value, type)])));
  expect(output.type).toBe(type);
  const weights = graph.input('weights', 'float32', output.shape);
  const weighted = mul(output, cast(weights, type));
  const axes = output.shape.map((_, axis) => axis);
  const loss = reduceSum(weighted, axes, false, { accumulateIn: 'float32' });
  expect(loss.type).toBe(type);
  const found = gradients(
    graph,
    loss,
    given.map(([, value]) => value),
    { accumulateIn: 'float32' },
  );
  const outputs = Object.fromEntries(given.map(([name], i) => [`gradient of ${name}`, found[i]!]));
  const data = new Map([['weights', numbers(elementCount(output.shape), 7, 0)]]);
  given.forEach(([name, { shape }], i) => data.set(name, numbers(elementCount(shape), i, offset)));
  return evaluate(graph, { output: cast(output, 'float32'), ...outputs }, data);
}

describe.each(cases)('$name in float16', (theCase) => {
  test('is what it is in float32 but for rounding, and so are its gradients', async () => {
    const [half, single] = [await computed(theCase, 'float16'), await computed(theCase, 'float32')];
    expect([...half.keys()]).toEqual([...single.keys()]);
    for (const [name, expected] of single) {
      const found = half.get(name)!;
      expect(
        found.some((number) => number !== 0),
        name,
      ).toBe(true);
      // float16 rounds by up to 2^-11 = 4.9e-4 of a number; up to a dozen such roundings follow one another.
      expect(relativeDifference(found, expected), name).toBeLessThan(4e-3);
    }
  });
});

test("ConvTranspose, a strided Conv's gradient, takes the type of what it is given", () => {
  const graph = new Graph();
  const [dy, weight] = [
    graph.input('dy', 'float16', [1, 5, 2, 2]),
    graph.input('weight', 'float16', [5, 3, 3, 3]),
  ];
  expect(convTranspose(dy, weight, { stride: 2, padding: [1, 1, 1, 1] }, [4, 4]).type).toBe('float16');
});

describe('sums', () => {
  const types = (value: Value): (readonly [op: string, type: DataType])[] => {
    const { nodes } = value.graph;
    return nodes.map(({ op, outputs }) => [op, outputs[0]!.type] as const);
  };

  test.each([
    ['of rows', (x: Value) => sumRows(x, { accumulateIn: 'float32' }), 'MatMul'],
    ['over axes', (x: Value) => reduceSum(x, [0], false, { accumulateIn: 'float32' }), 'ReduceSum'],
    ['of means', (x: Value) => reduceMean(x, [0], false, { accumulateIn: 'float32' }), 'ReduceMean'],
  ] as const)('%s are accumulated in the type asked for and given back in their own', (_, sum, op) => {
    const graph = new Graph();
    const total = sum(graph.input('x', 'float16', [3, 4]));
    expect([total.type, total.shape]).toEqual(['float16', [4]]);
    expect(types(total).filter(([name]) => name !== 'Reshape')).toEqual([
      ['Cast', 'float32'],
      [op, 'float32'],
      ['Cast', 'float16'],
    ]);
  });

  test("of gradients are accumulated in the type asked for, a bias's and a broadcast value's", () => {
    const graph = new Graph();
    const x = graph.input('x', 'float16', [6, 4]);
    const [bias, scale] = [graph.input('bias', 'float16', [4]), graph.input('scale', 'float16', [4])];
    const y = mul(gemm(x, graph.filled('float16', [4, 4], 1), bias, {}), scale);
    const before = graph.nodes.length;
    const found = gradients(graph, reduceSum(y, [0, 1]), [bias, scale], { accumulateIn: 'float32' });
    expect(found.map(({ type, shape }) => [type, shape])).toEqual([
      ['float16', [4]],
      ['float16', [4]],
    ]);
    const summing = graph.nodes.slice(before + 1).filter(({ op }) => op === 'MatMul' || op === 'ReduceSum');
    expect(summing.map(({ op, outputs }) => [op, outputs[0]!.type])).toEqual([
      ['ReduceSum', 'float32'],
      ['MatMul', 'float32'],
    ]);
  });
});
