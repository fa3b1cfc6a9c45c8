import type { ImageSize } from '../../../native/images/decode.ts';

/** From here on sides go in finer steps, to the very sizes that Stable Diffusion XL was trained on (Podell et al. 2023, appendix I). */
const [fineFrom, fineStep] = [1024, 64];

/**
 * Sizes of about equal area and different aspect ratio, in which images are trained without squeezing and with little
 * cropping (NovelAI's aspect ratio bucketing, with sd-scripts' figures scaled by the resolution: for 512 pixels the sides
 * go from 256 to 1024 in steps of 64, which gives 17 buckets).
 * @param resolution side of the square bucket in pixels: the base model's own
 * @param multiple what every side must be divisible by: the VAE's factor times the UNet's downsampling
 * @returns from the most upright to the widest
 */
export function bucketsFor(resolution: number, multiple: number = resolution / 8): readonly ImageSize[] {
  if (!Number.isInteger(multiple) || multiple < 1 || resolution % multiple !== 0) {
    throw new Error(`sides of ${resolution} pixels are not divisible by ${multiple}`);
  }
  const toStep = (pixels: number) => Math.floor(pixels / multiple) * multiple;
  const step = Math.max(multiple, toStep(resolution < fineFrom ? resolution / 8 : fineStep));
  const smallest = Math.max(step, toStep(resolution / 2));
  const largest = 2 * resolution;
  const buckets = new Map<string, ImageSize>();
  const add = (width: number, height: number) => buckets.set(`${width}x${height}`, { width, height });
  add(resolution, resolution);
  for (let side = smallest; side <= largest; side += step) {
    const other = Math.min(largest, Math.floor(Math.floor(resolution ** 2 / side) / step) * step);
    if (other < smallest) continue;
    add(side, other);
    add(other, side);
  }
  return [...buckets.values()].sort((a, b) => a.width / a.height - b.width / b.height);
}

/**
 * The bucket whose aspect ratio is nearest, by how much has to be cropped: ratios are compared as ratios, so that upright
 * and wide images are treated alike. Of two equally near, the larger.
 */
export function assignBucket(width: number, height: number, buckets: readonly ImageSize[]): ImageSize {
  const ratio = Math.log(width / height);
  const distance = (bucket: ImageSize) => Math.abs(Math.log(bucket.width / bucket.height) - ratio);
  const [best] = buckets.toSorted(
    (a, b) => distance(a) - distance(b) || b.width * b.height - a.width * a.height,
  );
  if (best === undefined) throw new Error('there is no bucket to choose from');
  return best;
}

/** Part of an image's area that is cut off where it is scaled to cover the bucket, 0 to 1. */
export function croppedPart(image: ImageSize, bucket: ImageSize): number {
  const ratio = image.width / image.height / (bucket.width / bucket.height);
  return 1 - Math.min(ratio, 1 / ratio);
}
