import type { SettingsOf } from '../facts/optimizers.ts';

/** Names of the scalars that a step of AdamW is given. */
export const adamwScalars = ['learning-rate', 'decay', 'denominator-epsilon'] as const;

/**
 * The scalars of optimizer step `step` (from 1). With c1 = 1 - beta1^t, c2 = 1 - beta2^t and the moments as they are kept,
 * M = m / (1 - beta1) and V = v / (1 - beta2), AdamW's update lr · (m / c1) / (sqrt(v / c2) + eps) is written as
 * lr · (1 - beta1) / c1 / r · M / (sqrt(V) + eps / r), where r = sqrt((1 - beta2) / c2).
 */
export function adamwScalarsAt(
  { beta1, beta2, epsilon, weightDecay }: Omit<SettingsOf<'adamw'>, 'kind'>,
  step: number,
  learningRate: number,
): Readonly<Record<(typeof adamwScalars)[number], number>> {
  const r = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
  return {
    'learning-rate': (learningRate * (1 - beta1)) / (1 - beta1 ** step) / r,
    decay: 1 - learningRate * weightDecay,
    'denominator-epsilon': epsilon / r,
  };
}
