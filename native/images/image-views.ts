import { writeFile } from 'node:fs/promises';

import sharp from 'sharp';

import { isAugmented, versionsOf } from '../facts/augmentation.ts';
import type { TrainingImage, TrainingSettings } from '../jobs.ts';
import { bernoulli, integer } from '../random/philox.ts';
import { type Alteration, drawAlteration } from './alteration.ts';
import { readAlteredRgb } from './altered.ts';
import { planesOf, readPixels, readRgb } from './decode.ts';

/** An image in one bucket, as it is, mirrored or altered. */
export interface ImageView {
  readonly image: TrainingImage;
  readonly flipped: boolean;
  /** Left out: none. It is mirrored after it. */
  readonly alteration?: Alteration;
}

export type ViewSettings = Pick<TrainingSettings, 'seed' | 'randomFlip' | 'augmentation'>;

/** Class images show what is to be kept as it is, so they are mirrored at most. */
export function ofClassImages({ seed, randomFlip }: ViewSettings): ViewSettings {
  return { seed, randomFlip };
}

/** An image as it is: those held out, and what is judged beside them, are seen so. */
export function asItIs(image: TrainingImage): ImageView {
  return { image, flipped: false };
}

/** All that training draws of an image; the first is the image as it is. */
export function viewsOf(image: TrainingImage, settings: ViewSettings): readonly ImageView[] {
  return Array.from({ length: versionsOf(settings) }, (_, version) => viewOf(image, version, settings));
}

/** What is trained on this time: a function of the seed, the optimizer step and the image's place in it. */
export function drawView(
  image: TrainingImage,
  settings: ViewSettings,
  step: number,
  index: number,
): ImageView {
  const { seed, randomFlip } = settings;
  if (settings.augmentation && isAugmented(settings.augmentation))
    return viewOf(image, integer(seed, 'versions', step, index, versionsOf(settings)), settings);
  return { image, flipped: randomFlip && bernoulli(seed, 'flip', step, index, 0.5) };
}

/** Every second version is mirrored where that is wanted, so that it makes none of its own. */
function viewOf(
  image: TrainingImage,
  version: number,
  { seed, randomFlip, augmentation }: ViewSettings,
): ImageView {
  const flipped = randomFlip && version % 2 === 1;
  if (version === 0 || !augmentation || !isAugmented(augmentation)) return { image, flipped };
  return { image, flipped, alteration: drawAlteration(augmentation, seed, image.id, version) };
}

/**
 * Writes a view as a WebP, as it is trained on.
 * @throws Failure `image-unreadable`
 */
export async function writeView({ image, flipped, alteration }: ImageView, output: string): Promise<void> {
  const rgb = alteration
    ? await readAlteredRgb(image.path, image, alteration)
    : await readRgb(image.path, image);
  const { width, height } = image;
  const seen = sharp(rgb, { raw: { width, height, channels: 3 } });
  await writeFile(output, await (flipped ? seen.flop() : seen).webp({ quality: 85 }).toBuffer());
}

/** Pixels of a view, [3, h, w] in [-1, 1]. */
export async function readView({
  image,
  flipped,
  alteration,
}: ImageView): Promise<Float32Array<ArrayBuffer>> {
  const pixels = (
    alteration
      ? planesOf(await readAlteredRgb(image.path, image, alteration), image)
      : await readPixels(image.path, image)
  ) as Float32Array<ArrayBuffer>;
  if (flipped)
    for (let row = 0; row < pixels.length; row += image.width)
      pixels.subarray(row, row + image.width).reverse();
  return pixels;
}
