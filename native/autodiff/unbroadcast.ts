import type { SumOptions } from '../graph/data-type.ts';
import type { Value } from '../graph/graph.ts';
import { reduceSum } from '../graph/ops/reduce.ts';
import { reshape } from '../graph/ops/shape.ts';

/**
 * Sums a gradient over the axes along which its value was broadcast, which gives it the value's own shape. Every gradient
 * passes here once, so no rule needs to know about broadcasting.
 */
export function unbroadcast(gradient: Value, shape: readonly number[], sums: SumOptions = {}): Value {
  const lead = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((extent, i) =>
    i < lead || (shape[i - lead] === 1 && extent !== 1) ? [i] : [],
  );
  return reshape(axes.length > 0 ? reduceSum(gradient, axes, false, sums) : gradient, shape);
}
