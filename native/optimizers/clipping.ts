import type { Value } from '../graph/graph.ts';
import { add, div, minimum } from '../graph/ops/elementwise.ts';

/** Against a norm of zero; PyTorch's. */
const smallest = 1e-6;

/** What gradients of this global norm are multiplied by, so that it is at most `maxNorm`; `maxNorm` 0: nothing. */
export function clipFactor(norm: number, maxNorm: number): number {
  return maxNorm > 0 ? Math.min(maxNorm / (norm + smallest), 1) : 1;
}

/** The same in a graph; null where gradients stay as they are. */
export function clipFactorValue(norm: Value, maxNorm: number): Value | null {
  return maxNorm > 0 ? minimum(div(maxNorm, add(norm, smallest)), 1) : null;
}
