import type { ImageSize } from '../../../native/images/decode.ts';
import { countText } from '../../contract/quantities.ts';
import { assignBucket } from './buckets.ts';

/** Enlarged by less, a picture is hardly softer. */
const worthTelling = 1.5;

/** Images that have to be enlarged a great deal to fill the bucket they fall into: none or one sentence. */
export function sizeWarnings(
  images: readonly (ImageSize & { readonly id: string })[],
  buckets: readonly ImageSize[],
): readonly string[] {
  const small = images
    .map((image) => ({ image, times: enlargement(image, assignBucket(image.width, image.height, buckets)) }))
    .filter(({ times }) => times >= worthTelling)
    .sort((a, b) => b.times - a.times);
  const [most] = small;
  if (most === undefined) return [];
  const { id, width, height } = most.image;
  const size = `${width} × ${height} px`;
  return [
    small.length === 1
      ? `${id} has only ${size} and is enlarged: it teaches softness.`
      : `${countText(small.length)} of ${countText(images.length)} images are much smaller than they are trained at and are enlarged, which teaches softness. The smallest is ${id}, ${size}.`,
  ];
}

/** How many times longer its sides get, by area: what is long and narrow is cropped more than enlarged, which is told elsewhere. */
function enlargement(image: ImageSize, bucket: ImageSize): number {
  return Math.sqrt((bucket.width * bucket.height) / (image.width * image.height));
}
