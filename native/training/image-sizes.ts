import { Failure } from '../failure.ts';
import type { TrainJob } from '../jobs.ts';

/** @throws Failure `image-size` where an image's bucket is none that the model can be fed, in pixels of an edge */
export function checkImageSizes({ images, validation, prior }: TrainJob, multiple: number): void {
  for (const { id, width, height } of [...images, ...validation, ...(prior?.images ?? [])]) {
    if (width > 0 && height > 0 && width % multiple === 0 && height % multiple === 0) continue;
    throw new Failure(
      'image-size',
      `This model cannot be trained on ${id} at ${width} x ${height} pixels.`,
      `Choose a resolution whose edges are multiples of ${multiple}.`,
    );
  }
}
