import { Failure } from '../../failure.ts';
import type { TimestepSpacing } from '../../noise/scheduler-config.ts';

/**
 * The training timesteps `steps` model calls are made at, from the noisiest down: Lin et al. (2023), table 2.
 * `linspace` gives fractions; round them where the sampler wants whole timesteps.
 * Throws a `Failure` where the training timesteps are too few for that many steps.
 */
export function spacedTimesteps(
  spacing: TimestepSpacing,
  trainTimesteps: number,
  steps: number,
  offset: number,
): number[] {
  checkSteps(steps, trainTimesteps);
  switch (spacing) {
    case 'linspace':
      return linspace(0, trainTimesteps - 1, steps).reverse();
    case 'leading':
      return leading(trainTimesteps, trainTimesteps, steps, steps, offset);
    case 'trailing':
      return trailing(trainTimesteps, trainTimesteps / steps);
  }
}

/**
 * As `spacedTimesteps`, in whole timesteps, for solvers that count the end of the last step as one more: of `steps + 1`
 * the last is dropped, except with `trailing`. `end`: where the noisiest usable timesteps end, at most `trainTimesteps`.
 */
export function spacedTimestepsWithEnd(
  spacing: TimestepSpacing,
  trainTimesteps: number,
  end: number,
  steps: number,
  offset: number,
): number[] {
  switch (spacing) {
    case 'linspace':
      return linspace(0, end - 1, steps + 1)
        .map(roundHalfToEven)
        .reverse()
        .slice(0, steps);
    case 'leading':
      return leading(trainTimesteps, end, steps + 1, steps, offset);
    case 'trailing':
      return trailing(end, trainTimesteps / steps);
  }
}

/** To the nearest integer, halves to the even one, as NumPy rounds. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction !== 0.5) return fraction < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Throws a `Failure` where `steps` is not a whole number from 1 to `trainTimesteps`. */
export function checkSteps(steps: number, trainTimesteps: number): void {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new Failure(
      'sampler-steps',
      `${steps} is not a number of sampling steps`,
      'Choose a whole number of steps, at least 1; 20 to 50 are usual.',
    );
  }
  if (steps > trainTimesteps) throw tooManySteps(steps, trainTimesteps);
}

function tooManySteps(steps: number, trainTimesteps: number): Failure {
  return new Failure(
    'sampler-steps',
    `${steps} sampling steps do not fit into the ${trainTimesteps} timesteps the model was trained on`,
    'Choose fewer steps; 20 to 50 are usual.',
  );
}

/** Multiples of a whole stride from 0, of `parts` the `steps` largest, plus the offset. */
function leading(
  trainTimesteps: number,
  end: number,
  parts: number,
  steps: number,
  offset: number,
): number[] {
  const stride = Math.floor(end / parts);
  const timesteps = Array.from({ length: steps }, (_, i) => (parts - 1 - i) * stride + offset);
  if (stride < 1 || timesteps[0]! >= trainTimesteps) throw tooManySteps(steps, trainTimesteps);
  return timesteps;
}

/** From the last timestep down by a stride that may be fractional, rounded. */
function trailing(end: number, stride: number): number[] {
  // NumPy's `arange` steps by the rounded difference of its first two values, which decides how halves round.
  const difference = end - (end - stride);
  return Array.from({ length: Math.ceil(end / stride) }, (_, i) => roundHalfToEven(end - i * difference) - 1);
}

function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => {
    if (i === 0) return start;
    return i === count - 1 ? stop : start + i * step;
  });
}
