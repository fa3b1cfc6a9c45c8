import type { Value } from '../graph/graph.ts';
import { add, mul, sub } from '../graph/ops/elementwise.ts';
import type { StepValues } from './optimizer.ts';

/** The scalar of a step that a graph with an average takes. */
export const emaRate = 'ema-rate';

/** How far averages go towards the new parameters. */
export function emaRateAt(decay: number): number {
  return 1 - decay;
}

/** ema + rate (next - ema), with the old average read once. */
export function movingAverage({ before, scalar, flat, shaped }: StepValues, next: Value): Value {
  const rate = scalar(emaRate);
  const kept = mul(before('ema'), sub(1, rate));
  const taken = mul(flat(next), rate);
  return add(shaped(kept), shaped(taken));
}
