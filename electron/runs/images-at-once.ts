import { Failure } from '../../native/failure.ts';
import type { Run } from './run-folder.ts';

/**
 * A run as it goes on with so many images of a batch at once: it then takes less memory, and learns the same but for rounding. More
 * than a batch has are all of them.
 *
 * @throws Failure `images-at-once-fused`
 */
export function withImagesAtOnce({ spec, job, ...run }: Run, imagesAtOnce: number): Run {
  if (spec.train.fusedBackward)
    throw new Failure(
      'images-at-once-fused',
      'This run updates its weights during the backward pass, so that its batches have to be computed at once.',
      'Begin another run, without the fused backward pass.',
    );
  const changed = { imagesAtOnce: Math.min(imagesAtOnce, job.settings.batchSize) };
  return {
    ...run,
    spec: { ...spec, train: { ...spec.train, ...changed } },
    job: { ...job, settings: { ...job.settings, ...changed } },
  };
}
