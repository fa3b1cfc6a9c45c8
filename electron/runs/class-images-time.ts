import type { PriorPreservation } from '../../native/jobs.ts';

/** What the backward pass takes beside the forward one, both together, in forward passes. */
const passesOfTraining = 3;

/**
 * About how long the base takes to make the class images of a run, none of which may be there yet. Each step of a picture is a
 * forward pass of the denoiser, with guidance two; what is known is how long an image and its class image are trained on.
 * @param secondsPerImage of the run, with a class image beside each image; null where that is not known
 */
export function classImageSeconds(
  prior: PriorPreservation | undefined,
  secondsPerImage: number | null,
): number | null {
  const making = prior?.making;
  if (making === undefined || secondsPerImage === null) return null;
  const count = making.sizes.reduce((sum, size) => sum + size.count, 0);
  const passes = making.steps * (making.guidanceScale > 1 ? 2 : 1);
  return (count * passes * secondsPerImage) / (2 * passesOfTraining);
}
