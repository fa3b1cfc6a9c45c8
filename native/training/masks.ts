import type { MaskSettings } from '../facts/masks.ts';
import { Failure } from '../failure.ts';
import { readAlteredMask } from '../images/altered.ts';
import { decodingVersion, hashFile, readImageSize, readMask } from '../images/decode.ts';
import { type ImageView, viewsOf } from '../images/image-views.ts';
import type { TrainingImage, TrainingSettings } from '../jobs.ts';
import type { BlobCache } from './blob-cache.ts';
import { alterationKey } from './encode-images.ts';
import { cacheLost, contentKey } from './encoding.ts';

/** What each latent of a view counts, [h, w]; null where all count the same. */
export type ReadMaskWeights = (view: ImageView) => Promise<Float32Array | null>;

export const unmasked: ReadMaskWeights = () => Promise.resolve(null);

/** Aspect ratios that differ by more are of other pictures. */
const ratioTolerance = 0.02;

/**
 * Makes sure the mask of every image that has one is in the cache, altered as its versions are and brought down to latents by area; resolves to a reader of what
 * latents count by them.
 * @throws Failure `mask-size` where a mask has another shape than its image, `masks-empty` where nothing counts, `image-unreadable`
 */
export async function encodeMasks(
  images: readonly TrainingImage[],
  factor: number,
  settings: TrainingSettings,
  { cache, stop }: { readonly cache: BlobCache; readonly stop: AbortSignal },
): Promise<ReadMaskWeights> {
  const { masks } = settings;
  if (masks === undefined || masks.source === 'none') return unmasked;
  const { source } = masks;
  const hashes = new Map<string, string>();
  const channel = source === 'alpha' ? 'alpha' : 'grey';
  const blobOf = ({ image: { width, height }, alteration }: ImageView, path: string) => ({
    key: contentKey(
      ...['mask', decodingVersion, source, hashes.get(path)!, width, height, factor],
      ...alterationKey(alteration),
    ),
    length: (width * height) / factor ** 2,
  });
  let counts = images.length === 0 || masks.unmaskedWeight > 0;
  for (const image of images) {
    stop.throwIfAborted();
    const path = fileOf(image, source);
    if (path === null) {
      counts = true;
      continue;
    }
    if (!hashes.has(path)) {
      if (source === 'files') await checkShape(image.path, path);
      hashes.set(path, await hashFile(path));
    }
    for (const view of viewsOf(image, settings)) {
      const { alteration } = view;
      const shares = await cache.get(blobOf(view, path), async () => {
        const pixels = alteration
          ? await readAlteredMask(path, image, channel, alteration)
          : await readMask(path, image, channel);
        return byArea(pixels, image, factor);
      });
      counts ||= shares.some((share) => share > 0);
    }
  }
  if (!counts) throw nothingCounts(source);
  return async (view) => {
    const { image, flipped } = view;
    const path = fileOf(image, source);
    if (path === null || !hashes.has(path)) return null;
    const shown = await cache.get(blobOf(view, path), () => {
      throw cacheLost(`The mask of ${image.id}`);
    });
    return maskWeights(flipped ? mirrored(shown, image.width / factor) : shown, masks);
  };
}

function nothingCounts(source: MaskSettings['source']): Failure {
  return new Failure(
    'masks-empty',
    source === 'alpha'
      ? 'All images are fully transparent, so there is nothing in them to learn.'
      : 'All masks are black, so there is nothing in the images to learn.',
    'Train without masks, or let the rest of the image count a little.',
  );
}

function fileOf(image: TrainingImage, source: MaskSettings['source']): string | null {
  return source === 'alpha' ? image.path : (image.mask ?? null);
}

/** A mask's shares as weights: `max(share, unmaskedWeight)`, and normalised their mean is 1. */
export function maskWeights(
  shares: Float32Array,
  { unmaskedWeight, normalize }: Pick<MaskSettings, 'unmaskedWeight' | 'normalize'>,
): Float32Array {
  const weights = shares.map((share) => Math.max(share, unmaskedWeight));
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  // A mask that shows nothing at all has no part to be learned instead.
  return normalize && mean > 0 ? weights.map((weight) => weight / mean) : weights;
}

/** The mean of each square of pixels, as a share of 255. */
export function byArea(
  pixels: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  factor: number,
): Float32Array<ArrayBuffer> {
  const columns = width / factor;
  const sums = new Float32Array(columns * (height / factor));
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / factor) * columns;
    for (let x = 0; x < width; x++) {
      const place = row + Math.floor(x / factor);
      sums[place] = sums[place]! + pixels[y * width + x]!;
    }
  }
  return sums.map((sum) => sum / (255 * factor ** 2));
}

function mirrored(values: Float32Array, columns: number): Float32Array {
  const turned = values.slice();
  for (let row = 0; row < turned.length; row += columns) turned.subarray(row, row + columns).reverse();
  return turned;
}

async function checkShape(imagePath: string, maskPath: string): Promise<void> {
  const [image, mask] = [await readImageSize(imagePath), await readImageSize(maskPath)];
  const off = Math.abs(Math.log((mask.width / mask.height) * (image.height / image.width)));
  if (off <= ratioTolerance) return;
  throw new Failure(
    'mask-size',
    `The mask ${maskPath} has ${mask.width} x ${mask.height} pixels, its image ${image.width} x ${image.height}: these are different shapes.`,
    'Make the mask again from its image, or take it out of the folder.',
  );
}
