import type { LearningRateSchedule } from '../jobs.ts';

/**
 * Learning rate of optimizer step `step` (from 1 to `totalSteps`): a linear rise over the warm-up, then constant, or
 * falling to zero linearly or along half a cosine (Loshchilov & Hutter 2017).
 */
export function learningRateAt(
  peak: number,
  { kind, warmupSteps }: LearningRateSchedule,
  step: number,
  totalSteps: number,
): number {
  if (step <= warmupSteps) return (peak * step) / warmupSteps;
  const progress = (step - warmupSteps - 1) / Math.max(1, totalSteps - warmupSteps);
  switch (kind) {
    case 'constant':
      return peak;
    case 'linear':
      return peak * (1 - progress);
    case 'cosine':
      return peak * 0.5 * (1 + Math.cos(Math.PI * progress));
  }
}
