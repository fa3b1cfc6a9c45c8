import { Failure } from '../../../native/failure.ts';
import type { Bucket } from '../../contract/datasets.ts';
import type { LibraryDatabase } from '../../library/database.ts';
import { assignBucket, bucketsFor, croppedPart } from './buckets.ts';

/**
 * Buckets that the images trained on fall into, the fullest first.
 * @param resolution side of the square bucket, in pixels
 * @param step what every side is divisible by
 * @throws Failure `resolution-invalid`
 */
export function countBuckets(
  database: LibraryDatabase,
  datasetId: number,
  resolution: number,
  step: number,
): Bucket[] {
  if (resolution % step !== 0) {
    throw new Failure(
      'resolution-invalid',
      `${resolution} pixels cannot be divided by ${step}.`,
      `Choose a multiple of ${step}.`,
    );
  }
  const sizes = database
    .prepare<[number], { width: number; height: number; images: number }>(
      `SELECT width, height, count(*) AS images FROM image
       WHERE dataset_id = ? AND active = 1 AND held_out = 0 GROUP BY width, height`,
    )
    .all(datasetId);
  const buckets = bucketsFor(resolution, step);
  const counts = new Map<string, Bucket>();
  for (const { width, height, images } of sizes) {
    const bucket = assignBucket(width, height, buckets);
    const key = `${bucket.width}x${bucket.height}`;
    const before = counts.get(key) ?? { ...bucket, images: 0, cropped: 0 };
    before.cropped += images * croppedPart({ width, height }, bucket);
    before.images += images;
    counts.set(key, before);
  }
  return [...counts.values()]
    .map((bucket) => ({ ...bucket, cropped: bucket.cropped / bucket.images }))
    .sort((a, b) => b.images - a.images);
}
