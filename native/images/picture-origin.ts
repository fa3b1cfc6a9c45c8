import { type Alteration, cornerOf, windowOf } from './alteration.ts';
import type { ImageSize } from './decode.ts';

/** A picture as it was made of an image: scaled to cover the picture's size, then cut to it. In pixels. */
export interface PictureOrigin extends ImageSize {
  /** Of the image as it is seen, before it was scaled. */
  readonly original: ImageSize;
  /** What was cut off the scaled image. */
  readonly crop: { readonly top: number; readonly left: number };
}

/** Of a picture that is made from nothing, it is what it would be of an image of its own size. */
export function wholePicture({ width, height }: ImageSize): PictureOrigin {
  return { width, height, original: { width, height }, crop: { top: 0, left: 0 } };
}

/**
 * As `readPixels` scales and cuts, or an alteration has it, and mirrors where it is flipped. Of a turned picture it is where it would
 * lie unturned.
 */
export function pictureOrigin(
  original: ImageSize,
  { width, height }: ImageSize,
  flipped: boolean,
  alteration?: Alteration,
): PictureOrigin {
  if (alteration) {
    const window = windowOf(original, { width, height }, alteration);
    const { left, top } = cornerOf(window, { width, height });
    const right = window.scaled.width - width - left;
    return { width, height, original, crop: { top, left: flipped ? right : left } };
  }
  const scale = Math.max(width / original.width, height / original.height);
  const over = Math.max(0, Math.round(original.width * scale) - width);
  const left = Math.ceil(over / 2);
  const top = Math.ceil(Math.max(0, Math.round(original.height * scale) - height) / 2);
  return { width, height, original, crop: { top, left: flipped ? over - left : left } };
}
