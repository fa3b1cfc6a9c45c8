import { elementCount } from '../data-type.ts';
import type { Value } from '../graph.ts';
import { sameType } from './same-type.ts';

const int64s = (like: Value, numbers: readonly number[]): Value =>
  like.graph.constant('int64', [numbers.length], numbers);

export function reshape(x: Value, shape: readonly number[]): Value {
  if (elementCount(shape) !== elementCount(x.shape)) {
    throw new Error(
      `${x.name} of shape [${x.shape.join(', ')}] cannot be reshaped to [${shape.join(', ')}].`,
    );
  }
  if (shape.length === x.shape.length && shape.every((extent, i) => extent === x.shape[i])) return x;
  return x.graph.node('Reshape', [x, int64s(x, shape)], {}, [{ type: x.type, shape }])[0]!;
}

/** Output axis i is input axis `order[i]`. */
export function transpose(x: Value, order: readonly number[]): Value {
  if (order.length !== x.shape.length || new Set(order).size !== order.length) {
    throw new Error(`${x.name} of rank ${x.shape.length} cannot be transposed by [${order.join(', ')}].`);
  }
  const shape = order.map((axis) => x.shape[axis]!);
  return x.graph.node('Transpose', [x], { perm: { ints: order } }, [{ type: x.type, shape }])[0]!;
}

export function concat(values: readonly Value[], axis: number): Value {
  const first = values[0]!;
  if (values.length === 1) return first;
  for (const value of values) {
    if (value.shape.some((extent, i) => i !== axis && extent !== first.shape[i])) {
      throw new Error(
        `Concat on axis ${axis}: [${value.shape.join(', ')}] does not fit [${first.shape.join(', ')}].`,
      );
    }
  }
  const total = values.reduce((sum, value) => sum + value.shape[axis]!, 0);
  const shape = first.shape.map((extent, i) => (i === axis ? total : extent));
  const type = sameType('Concat', values);
  return first.graph.node('Concat', values, { axis: { int: axis } }, [{ type, shape }])[0]!;
}

export interface SliceRange {
  readonly axis: number;
  readonly begin: number;
  /** Exclusive. */
  readonly end: number;
  /** Default 1; must be positive. */
  readonly step?: number;
}

export function slice(x: Value, ranges: readonly SliceRange[]): Value {
  const shape = [...x.shape];
  for (const { axis, begin, end, step = 1 } of ranges) {
    if (begin < 0 || end > x.shape[axis]! || end < begin || step < 1) {
      throw new Error(
        `${x.name}: the slice ${begin}:${end}:${step} leaves axis ${axis} of [${x.shape.join(', ')}].`,
      );
    }
    shape[axis] = Math.ceil((end - begin) / step);
  }
  const inputs = [
    x,
    int64s(
      x,
      ranges.map((range) => range.begin),
    ),
    int64s(
      x,
      ranges.map((range) => range.end),
    ),
    int64s(
      x,
      ranges.map((range) => range.axis),
    ),
    int64s(
      x,
      ranges.map((range) => range.step ?? 1),
    ),
  ];
  return x.graph.node('Slice', inputs, {}, [{ type: x.type, shape }])[0]!;
}

/** Pieces of the given lengths along an axis. */
export function split(x: Value, lengths: readonly number[], axis: number): Value[] {
  if (lengths.reduce((sum, length) => sum + length, 0) !== x.shape[axis]) {
    throw new Error(
      `${x.name}: axis ${axis} of [${x.shape.join(', ')}] cannot be split into ${lengths.join(' + ')}.`,
    );
  }
  const outputs = lengths.map((length) => ({
    type: x.type,
    shape: x.shape.map((extent, i) => (i === axis ? length : extent)),
  }));
  return x.graph.node('Split', [x, int64s(x, lengths)], { axis: { int: axis } }, outputs);
}

/** Broadcasts to `shape`, which the value's own shape must broadcast to. */
export function expand(x: Value, shape: readonly number[]): Value {
  return x.graph.node('Expand', [x, int64s(x, shape)], {}, [{ type: x.type, shape }])[0]!;
}

/** Zero padding: `before[i]` and `after[i]` elements on axis i. */
export function pad(x: Value, before: readonly number[], after: readonly number[]): Value {
  const shape = x.shape.map((extent, i) => extent + before[i]! + after[i]!);
  return x.graph.node('Pad', [x, int64s(x, [...before, ...after])], {}, [{ type: x.type, shape }])[0]!;
}

/** Rows of `x` along `axis` picked by an int64 tensor; its shape takes the place of that axis. */
export function gather(x: Value, indices: Value, axis: number): Value {
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return x.graph.node('Gather', [x, indices], { axis: { int: axis } }, [{ type: x.type, shape }])[0]!;
}

/** `x` with `updates[i]` added to the row `indices[i]`: x [rows, ...], indices int64 [n, 1], updates [n, ...]. */
export function scatterAddRows(x: Value, indices: Value, updates: Value): Value {
  const attributes = { reduction: { string: 'add' } };
  const type = sameType('ScatterND', [x, updates]);
  return x.graph.node('ScatterND', [x, indices, updates], attributes, [{ type, shape: x.shape }])[0]!;
}
