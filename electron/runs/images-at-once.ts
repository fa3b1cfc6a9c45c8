import { Failure } from '../../native/failure.ts';
import { rewriteRun, type Run } from './run-folder.ts';

/**
 * Has a run that has begun go on with so many images of a batch at once: it then takes less memory, and learns the same but for
 * rounding. One file changes, whole or not at all.
 *
 * @throws Failure `images-at-once-fused`, `write-failed`
 */
export async function changeImagesAtOnce({ spec, job, ...run }: Run, imagesAtOnce: number): Promise<Run> {
  if (spec.train.fusedBackward)
    throw new Failure(
      'images-at-once-fused',
      'This run updates its weights during the backward pass, so that its batches have to be computed at once.',
      'Begin another run, without the fused backward pass.',
    );
  const changed = {
    ...run,
    spec: { ...spec, train: { ...spec.train, imagesAtOnce } },
    job: { ...job, settings: { ...job.settings, imagesAtOnce } },
  };
  await rewriteRun(changed);
  return changed;
}
