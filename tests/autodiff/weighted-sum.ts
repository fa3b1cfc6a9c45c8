import { type GradientOptions, gradients } from '../../native/autodiff/gradients.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import { Graph, type Value } from '../../native/graph/graph.ts';
import { mul } from '../../native/graph/ops/elementwise.ts';
import { reduceSum } from '../../native/graph/ops/reduce.ts';

/** Shapes of float32 inputs by name. */
export type Shapes = Readonly<Record<string, readonly number[]>>;
export type Arrays = Record<string, Float32Array<ArrayBuffer>>;
export type Build = (inputs: Record<string, Value>) => Value;

/** Multiples of 1/16 in [-2, 2] without a pattern: float32 holds them, and short sums of their products, exactly. */
function numbers(count: number, salt: number): number[] {
  return Array.from({ length: count }, (_, i) => (((i * 37 + salt * 53 + ((i * i) % 11)) % 65) - 32) / 16);
}

/** Inputs to begin with. */
export function startOf(shapes: Shapes): Arrays {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => [
      name,
      Float32Array.from(numbers(elementCount(shape), i)),
    ]),
  );
}

export interface WeightedSum {
  readonly graph: Graph;
  /** `loss`, and its gradient by each input: `d x`. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** What the output was weighted by to make the loss, its elements in order. */
  readonly weights: readonly number[];
}

/** A weighted sum of what `build` makes, the weights being different for every element, with its gradients. */
export function weightedSum(shapes: Shapes, build: Build, options: GradientOptions = {}): WeightedSum {
  const graph = new Graph();
  const values = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, graph.input(name, 'float32', shape)]),
  );
  const output = build(values);
  const weights = numbers(elementCount(output.shape), 7);
  const weighted = mul(output, graph.constant('float32', output.shape, weights));
  const loss = reduceSum(
    weighted,
    output.shape.map((_, axis) => axis),
  );
  const found = gradients(graph, loss, Object.values(values), options);
  const outputs = Object.fromEntries(Object.keys(values).map((name, i) => [`d ${name}`, found[i]!]));
  return { graph, outputs: { loss, ...outputs }, weights };
}
