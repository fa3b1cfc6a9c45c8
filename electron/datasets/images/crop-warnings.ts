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
  if (cropped.length === 1)
    return [`Of ${most.id} ${percent(most.part)} are cropped away: it is too long and narrow.`];
  const least = percent(cropped.at(-1)!.part);
  return [
    `${cropped.length} images are too long and narrow, and ${least === percent(most.part) ? '' : `${least} to `}${percent(most.part)} of them are cropped away; most of ${most.id}.`,
  ];
}
