import type { SumOptions } from '../data-type.ts';
import type { Value } from '../graph.ts';
import { cast } from './elementwise.ts';
import { matmul } from './matmul.ts';
import { reshape } from './shape.ts';

function reducedShape(x: Value, axes: readonly number[], keepDims: boolean): number[] {
  return x.shape.flatMap((extent, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [extent]));
}

export function reduceSum(
  x: Value,
  axes: readonly number[],
  keepDims = false,
  { accumulateIn = x.type }: SumOptions = {},
): Value {
  const terms = cast(x, accumulateIn);
  const inputs = [terms, x.graph.constant('int64', [axes.length], axes)];
  const attributes = { keepdims: { int: Number(keepDims) } };
  const [sum] = x.graph.node('ReduceSum', inputs, attributes, [
    { type: accumulateIn, shape: reducedShape(x, axes, keepDims) },
  ]);
  return cast(sum!, x.type);
}

/** [rows, n] -> [n], as a product with a row of ones: two to three times as fast as a ReduceSum over the rows. */
export function sumRows(x: Value, { accumulateIn = x.type }: SumOptions = {}): Value {
  const [rows, n] = x.shape as readonly [number, number];
  const ones = x.graph.filled(accumulateIn, [1, rows], 1);
  return cast(reshape(matmul(ones, cast(x, accumulateIn)), [n]), x.type);
}

/** Sum of squares, of all elements unless axes are named. */
export function reduceSumSquare(x: Value, axes: readonly number[] = x.shape.map((_, axis) => axis)): Value {
  const attributes = { axes: { ints: axes }, keepdims: { int: 0 } };
  const shape = reducedShape(x, axes, false);
  return x.graph.node('ReduceSumSquare', [x], attributes, [{ type: x.type, shape }])[0]!;
}

export function reduceMean(
  x: Value,
  axes: readonly number[],
  keepDims = false,
  { accumulateIn = x.type }: SumOptions = {},
): Value {
  const attributes = { axes: { ints: axes }, keepdims: { int: Number(keepDims) } };
  const [mean] = x.graph.node('ReduceMean', [cast(x, accumulateIn)], attributes, [
    { type: accumulateIn, shape: reducedShape(x, axes, keepDims) },
  ]);
  return cast(mean!, x.type);
}

/** Greatest element along the axes, which are kept with extent 1. */
export function reduceMax(x: Value, axes: readonly number[]): Value {
  const attributes = { axes: { ints: axes }, keepdims: { int: 1 } };
  const shape = reducedShape(x, axes, true);
  return x.graph.node('ReduceMax', [x], attributes, [{ type: x.type, shape }])[0]!;
}

/** Where the greatest element along an axis is, the first of equal ones; the axis is kept with extent 1. */
export function argMax(x: Value, axis: number): Value {
  const attributes = { axis: { int: axis }, keepdims: { int: 1 } };
  const shape = reducedShape(x, [axis], true);
  return x.graph.node('ArgMax', [x], attributes, [{ type: 'int64', shape }])[0]!;
}

/** Over the last axis. */
export function softmax(x: Value): Value {
  return x.graph.node('Softmax', [x], { axis: { int: -1 } }, [{ type: x.type, shape: x.shape }])[0]!;
}
