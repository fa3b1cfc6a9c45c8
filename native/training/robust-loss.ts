import type { LossKind, LossSettings } from '../facts/losses.ts';
import type { Value } from '../graph/graph.ts';
import { add, div, mul, sqrt } from '../graph/ops/elementwise.ts';
import type { NoiseProcess } from '../noise/noise-process.ts';

export type RobustKind = Exclude<LossKind, 'mse'>;

/**
 * Squares of small differences, absolute values of large ones, turning at the threshold c: 2c (sqrt(d² + c²) - c), and without
 * the factor c for smooth L1, as sd-scripts' `conditional_loss` has them. The difference of the roots is taken as a quotient,
 * in which nothing cancels.
 */
export function robustErrors(squares: Value, threshold: Value, kind: RobustKind): Value {
  const root = sqrt(add(squares, mul(threshold, threshold)));
  const errors = mul(div(squares, add(root, threshold)), 2);
  return kind === 'huber' ? mul(errors, threshold) : errors;
}

/** The threshold at a timestep, as sd-scripts' `get_huber_threshold_if_needed`. */
export function robustThreshold(
  { scheduler, ratesAt }: Pick<NoiseProcess, 'scheduler' | 'ratesAt'>,
  timestep: number,
  { threshold, schedule, scale }: LossSettings,
): number {
  switch (schedule) {
    case 'constant':
      return threshold * scale;
    case 'exponential':
      return threshold ** (timestep / scheduler.trainTimesteps) * scale;
    case 'snr': {
      const { signal, noise } = ratesAt(timestep);
      return (1 - threshold) / (1 + noise / signal) ** 2 + threshold;
    }
  }
}
