import type { Value } from '../../native/graph/graph.ts';
import {
  abs,
  clip,
  cos,
  div,
  erf,
  exp,
  log,
  maximum,
  minimum,
  mul,
  reciprocal,
  sigmoid,
  sin,
  sqrt,
  tanh,
} from '../../native/graph/ops/elementwise.ts';
import { layerNormalization } from '../../native/graph/ops/norm.ts';
import { softmax } from '../../native/graph/ops/reduce.ts';
import { gelu, quickGelu, silu } from '../../native/models/activations.ts';
import { groupNorm, layerNorm } from '../../native/models/layers.ts';
import type { Build, Shapes } from './weighted-sum.ts';

type Numbers = readonly number[];

const sum = (values: Numbers): number => values.reduce((a, b) => a + b, 0);

/** erf by its Maclaurin series, in double precision for |x| < 3. */
function erfDouble(x: number): number {
  let [term, total] = [x, x];
  for (let n = 1; n < 80; n++) {
    term *= -(x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

function normalize(values: Numbers, epsilon: number): number[] {
  const mean = sum(values) / values.length;
  const variance = sum(values.map((x) => (x - mean) ** 2)) / values.length;
  return values.map((x) => (x - mean) / Math.sqrt(variance + epsilon));
}

function chunks(values: Numbers, size: number): Numbers[] {
  return Array.from({ length: values.length / size }, (_, i) => values.slice(i * size, (i + 1) * size));
}

const some: Shapes = { x: [2, 4] };
const positive = { x: Float32Array.of(0.3, 0.5, 0.75, 1, 1.5, 2, 2.5, 3) };
const elementwise = (f: (x: number) => number) => (at: Readonly<Record<string, Numbers>>) => at.x!.map(f);

export interface SmoothCase {
  readonly name: string;
  readonly shapes: Shapes;
  readonly build: Build;
  /** The function in double precision. */
  readonly reference: (at: Readonly<Record<string, Numbers>>) => Numbers;
  readonly start?: Record<string, Float32Array<ArrayBuffer>>;
}

/** A model whose parameters are values at hand. */
const parametersOf = (inputs: Record<string, Value>) => ({
  graph: inputs.x!.graph,
  parameter: (name: string) => inputs[name.split('.')[1]!]!,
  tapsFirstParameter: () => {
    throw new Error('No convolution is among the cases.');
  },
  adapter: () => null,
  matrixConv: false,
});

export const smoothCases: readonly SmoothCase[] = [
  {
    name: 'Abs',
    shapes: some,
    build: ({ x }) => abs(x!),
    reference: elementwise(Math.abs),
    start: { x: Float32Array.of(-2, -1, -0.5, 1, 2, 3, -3, 0.25) },
  },
  {
    name: 'Sqrt',
    shapes: some,
    build: ({ x }) => sqrt(x!),
    reference: elementwise(Math.sqrt),
    start: positive,
  },
  {
    name: 'Reciprocal',
    shapes: some,
    build: ({ x }) => reciprocal(x!),
    reference: elementwise((x) => 1 / x),
    start: positive,
  },
  { name: 'Exp', shapes: some, build: ({ x }) => exp(x!), reference: elementwise(Math.exp) },
  { name: 'Log', shapes: some, build: ({ x }) => log(x!), reference: elementwise(Math.log), start: positive },
  { name: 'Sin', shapes: some, build: ({ x }) => sin(x!), reference: elementwise(Math.sin) },
  { name: 'Cos', shapes: some, build: ({ x }) => cos(x!), reference: elementwise(Math.cos) },
  { name: 'Erf', shapes: some, build: ({ x }) => erf(x!), reference: elementwise(erfDouble) },
  { name: 'Tanh', shapes: some, build: ({ x }) => tanh(x!), reference: elementwise(Math.tanh) },
  { name: 'Sigmoid', shapes: some, build: ({ x }) => sigmoid(x!), reference: elementwise(logistic) },
  {
    name: 'Clip',
    shapes: some,
    build: ({ x }) => clip(x!, 0.4, 2.2),
    reference: elementwise((x) => Math.min(Math.max(x, 0.4), 2.2)),
    start: positive,
  },
  {
    name: 'Min',
    shapes: some,
    build: ({ x }) => minimum(x!, 0.9),
    reference: elementwise((x) => Math.min(x, 0.9)),
    start: positive,
  },
  {
    name: 'Max',
    shapes: some,
    build: ({ x }) => maximum(x!, 0.9),
    reference: elementwise((x) => Math.max(x, 0.9)),
    start: positive,
  },
  {
    name: 'Div',
    shapes: { x: [2, 4], y: [4] },
    build: ({ x, y }) => div(x!, y!),
    reference: ({ x, y }) => x!.map((value, i) => value / y![i % 4]!),
    start: { ...positive, y: Float32Array.of(0.5, -1.25, 2, 3) },
  },
  { name: 'SiLU', shapes: some, build: ({ x }) => silu(x!), reference: elementwise((x) => x * logistic(x)) },
  {
    name: 'quick GELU',
    shapes: some,
    build: ({ x }) => quickGelu(x!),
    reference: elementwise((x) => x * logistic(1.702 * x)),
  },
  {
    name: 'GELU',
    shapes: some,
    build: ({ x }) => gelu(x!),
    reference: elementwise((x) => (x / 2) * (1 + erfDouble(x / Math.SQRT2))),
  },
  {
    name: 'Softmax',
    shapes: { x: [2, 4] },
    build: ({ x }) => softmax(x!),
    reference: ({ x }) =>
      chunks(x!, 4).flatMap((row) => row.map((value) => Math.exp(value) / sum(row.map(Math.exp)))),
  },
  {
    name: 'LayerNormalization',
    shapes: { x: [3, 4], scale: [4], shift: [4] },
    build: ({ x, scale, shift }) => layerNormalization(x!, scale!, shift!, 1e-3).output,
    reference: ({ x, scale, shift }) =>
      chunks(x!, 4).flatMap((row) => normalize(row, 1e-3).map((value, i) => value * scale![i]! + shift![i]!)),
  },
  {
    name: 'a LayerNorm layer',
    shapes: { x: [3, 4], weight: [4], bias: [4] },
    build: (inputs) => layerNorm(parametersOf(inputs), 'norm', inputs.x!, 1e-3),
    reference: ({ x, weight, bias }) =>
      chunks(x!, 4).flatMap((row) => normalize(row, 1e-3).map((value, i) => value * weight![i]! + bias![i]!)),
  },
  {
    name: 'a GroupNorm layer',
    shapes: { x: [2, 4, 1, 3], weight: [4], bias: [4] },
    build: (inputs) => groupNorm(parametersOf(inputs), 'norm', inputs.x!, 2, 1e-3),
    reference: ({ x, weight, bias }) =>
      chunks(x!, 6)
        .flatMap((group) => normalize(group, 1e-3))
        .map((value, i) => value * weight![Math.floor(i / 3) % 4]! + bias![Math.floor(i / 3) % 4]!),
  },
  {
    name: 'a value used twice',
    shapes: some,
    build: ({ x }) => mul(exp(x!), sin(x!)),
    reference: elementwise((x) => Math.exp(x) * Math.sin(x)),
  },
];
