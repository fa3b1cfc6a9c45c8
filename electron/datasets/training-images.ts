import type { ImageSize } from '../../native/images/decode.ts';
import type { TrainingImage } from '../../native/jobs.ts';
import type { Captions } from './captions/captions.ts';
import type { DatasetImage } from './dataset-image.ts';
import { assignBucket } from './images/buckets.ts';

/** Images as the engine takes them: each with its captions and the bucket it is trained in. */
export function toTrainingImages(
  images: readonly Pick<DatasetImage, 'id' | 'path' | 'width' | 'height' | 'repeats'>[],
  { captions }: Pick<Captions, 'captions'>,
  buckets: readonly ImageSize[],
): readonly TrainingImage[] {
  return images.map(({ id, path, width, height, repeats }) => ({
    id,
    path,
    captions: captions.get(id) ?? [''],
    ...assignBucket(width, height, buckets),
    repeats,
  }));
}
