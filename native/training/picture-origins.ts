import type { Conditioning } from '../families/family.ts';
import { type ImageSize, readImageSize } from '../images/decode.ts';
import type { ImageView } from '../images/image-views.ts';
import { type PictureOrigin, pictureOrigin, wholePicture } from '../images/picture-origin.ts';
import type { TrainingImage } from '../jobs.ts';

/** How a view was made of its image. */
export type OriginOf = (view: ImageView) => PictureOrigin;

/**
 * Reads the sizes of all images from their headers, where the denoiser is told of pictures at all.
 *
 * @throws Failure `image-unreadable`
 */
export async function readOrigins(
  images: readonly TrainingImage[],
  { facts }: Pick<Conditioning, 'facts'>,
): Promise<OriginOf> {
  if (Object.keys(facts).length === 0) return ({ image }) => wholePicture(image);
  const sizes = new Map<string, ImageSize>();
  for (const { path } of images) if (!sizes.has(path)) sizes.set(path, await readImageSize(path));
  return ({ image, flipped, alteration }) =>
    pictureOrigin(sizes.get(image.path)!, image, flipped, alteration);
}
