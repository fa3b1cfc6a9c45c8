import type { LearningRateSchedule, TrainJob } from '../jobs.ts';

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

/** The same of a job; where its rates were chosen anew when it was trained on, by those, over the steps since then. */
export function learningRateOf(
  { settings, extensions = [] }: Pick<TrainJob, 'settings' | 'extensions'>,
  step: number,
  totalSteps: number,
): number {
  const { rates, step: begun } = extensions.findLast((extension) => extension.rates !== undefined) ?? {
    step: 0,
  };
  return rates === undefined
    ? learningRateAt(settings.learningRate, settings.schedule, step, totalSteps)
    : learningRateAt(rates.learningRate, rates.schedule, step - begun, totalSteps - begun);
}
