import type { Bucket } from '../../../../electron/contract/datasets.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A part of a picture, each figure 0 to 1 of its side. */
export interface Crop {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The bucket an image falls into: the one of the nearest aspect ratio, ratios compared as ratios; of two equally near,
 * the larger. Null without buckets.
 */
export function bucketOf<T extends Size>(image: Size, buckets: readonly T[]): T | null {
  const ratio = Math.log(image.width / image.height);
  const distance = (bucket: T) => Math.abs(Math.log(bucket.width / bucket.height) - ratio);
  const [nearest] = buckets.toSorted(
    (a, b) => distance(a) - distance(b) || b.width * b.height - a.width * a.height,
  );
  return nearest ?? null;
}

/** What of an image is kept where it is brought to a bucket: scaled to cover it, cropped around the centre. */
export function cropTo(image: Size, bucket: Size): Crop {
  const scale = Math.max(bucket.width / image.width, bucket.height / image.height);
  const width = Math.min(1, bucket.width / (image.width * scale));
  const height = Math.min(1, bucket.height / (image.height * scale));
  return { left: (1 - width) / 2, top: (1 - height) / 2, width, height };
}

/** 0 to 1: how much of the area is lost, over all buckets. */
export function averageCrop(buckets: readonly Pick<Bucket, 'images' | 'cropped'>[]): number {
  const images = buckets.reduce((sum, bucket) => sum + bucket.images, 0);
  const cropped = buckets.reduce((sum, bucket) => sum + bucket.images * bucket.cropped, 0);
  return images === 0 ? 0 : cropped / images;
}
