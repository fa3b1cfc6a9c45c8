/** How numbers and events of a job read in a terminal. */
import type { JobEvent } from '../../native/jobs.ts';
import { durationText, lossText } from '../contract/quantities.ts';

export type StepEvent = Extract<JobEvent, { readonly type: 'step' }>;
export type EpochEvent = Extract<JobEvent, { readonly type: 'epoch' }>;

export function epochText({ epoch, trainLoss, validationLoss }: EpochEvent, epochs: number): string {
  if (epoch === 0) return `Before training   held out ${lossText(validationLoss)}`;
  const validation = validationLoss === null ? '' : `   held out ${lossText(validationLoss)}`;
  return `Epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}   train ${lossText(trainLoss)}${validation}`;
}

export function stepText(step: StepEvent, pace: Pace): string {
  const rate = pace.imagesPerSecond === null ? '' : `, ${pace.imagesPerSecond.toPrecision(3)} images/s`;
  const left = pace.secondsLeft === null ? '' : `, ${durationText(pace.secondsLeft)} left`;
  return `loss ${lossText(step.loss)}${rate}${left}`;
}

export interface Pace {
  readonly imagesPerSecond: number | null;
  readonly secondsLeft: number | null;
}

/**
 * Follows how fast steps come, over the last `window` of them and by the clock on the wall, so that validation and
 * saving count too. `now` in milliseconds.
 */
export function createPace(
  window = 50,
  now: () => number = () => performance.now(),
): (step: StepEvent) => Pace {
  const seen: { readonly at: number; readonly step: number; readonly images: number }[] = [];
  return ({ step, totalSteps, images }) => {
    seen.push({ at: now(), step, images });
    if (seen.length > window) seen.shift();
    const [first, ...rest] = seen;
    const seconds = (seen.at(-1)!.at - first!.at) / 1000;
    if (rest.length === 0 || seconds <= 0) return { imagesPerSecond: null, secondsLeft: null };
    const trained = rest.reduce((sum, entry) => sum + entry.images, 0);
    const secondsPerStep = seconds / (step - first!.step);
    return { imagesPerSecond: trained / seconds, secondsLeft: secondsPerStep * (totalSteps - step) };
  };
}
