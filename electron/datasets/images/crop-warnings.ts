import type { ImageSize } from '../../../native/images/decode.ts';
import { assignBucket, croppedPart } from './buckets.ts';

/** Less is cropped of nearly every picture, and seldom what it shows. */
const worthTelling = 0.3;

/** Images of which a large part is cut off in the bucket they fall into: none or one sentence. */
export function cropWarnings(
  images: readonly (ImageSize & { readonly id: string })[],
  buckets: readonly ImageSize[],
): readonly string[] {
  const cropped = images
    .map((image) => ({
      id: image.id,
      part: croppedPart(image, assignBucket(image.width, image.height, buckets)),
    }))
    .filter(({ part }) => part >= worthTelling)
    .sort((a, b) => b.part - a.part);
  const [most] = cropped;
  if (most === undefined) return [];
  const percent = (part: number) => `${Math.floor(100 * part)} %`;
  const least = percent(cropped.at(-1)!.part);
  const range = least === percent(most.part) ? least : `${least} to ${percent(most.part)}`;
  return [
    cropped.length === 1
      ? `Cropping takes ${range} of ${most.id} away.`
      : `Cropping takes ${range} of ${cropped.length} images away, the most of ${most.id}.`,
  ];
}
