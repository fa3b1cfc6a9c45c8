import { gradients } from '../../native/autodiff/gradients.ts';
import { type DataType, elementCount } from '../../native/graph/data-type.ts';
import { Graph, type Value } from '../../native/graph/graph.ts';
import { conv } from '../../native/graph/ops/conv.ts';
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
import type { Build, Shapes } from './weighted-sum.ts';
export interface Float16Case {
  readonly name: string;
  readonly shapes: Shapes;
  readonly build: Build;
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

export const float16Cases: readonly Float16Case[] = [
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

/** A case in a type: inputs and outputs are float32, what is between is cast to the type. */
export interface CastGraph {
  readonly graph: Graph;
  /** `output`, and `gradient of x` of its weighted sum by each input. */
  readonly outputs: Readonly<Record<string, Value>>;
  readonly data: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
}

export function castGraph({ shapes, build, offset = 0 }: Float16Case, type: DataType): CastGraph {
  const graph = new Graph();
  const given = Object.entries(shapes).map(
    ([name, shape]) => [name, graph.input(name, 'float32', shape)] as const,
  );
  const output = build(Object.fromEntries(given.map(([name, value]) => [name, cast(value, type)])));
  if (output.type !== type) throw new Error(`The output is ${output.type}.`);
  const weights = graph.input('weights', 'float32', output.shape);
  const weighted = mul(output, cast(weights, type));
  const axes = output.shape.map((_, axis) => axis);
  const loss = reduceSum(weighted, axes, false, { accumulateIn: 'float32' });
  if (loss.type !== type) throw new Error(`The loss is ${loss.type}.`);
  const found = gradients(
    graph,
    loss,
    given.map(([, value]) => value),
    { accumulateIn: 'float32' },
  );
  const outputs = Object.fromEntries(given.map(([name], i) => [`gradient of ${name}`, found[i]!]));
  const data = new Map([['weights', numbers(elementCount(output.shape), 7, 0)]]);
  given.forEach(([name, { shape }], i) => data.set(name, numbers(elementCount(shape), i, offset)));
  return { graph, outputs: { output: cast(output, 'float32'), ...outputs }, data };
}
