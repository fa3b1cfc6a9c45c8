/** What of a training image decides how many steps an epoch has. */
export interface ImageUse {
  /** Of its bucket. */
  readonly width: number;
  readonly height: number;
  /** How often it is used in an epoch; default 1. */
  readonly repeats?: number;
}

/**
 * Optimizer steps of an epoch, which is the same for all of them: batches are of one bucket each, and the last of a bucket
 * may be smaller, as may be the last step.
 */
export function stepsPerEpoch(
  images: readonly ImageUse[],
  batchSize: number,
  gradientAccumulation: number,
): number {
  const uses = new Map<string, number>();
  for (const { width, height, repeats = 1 } of images) {
    const bucket = `${width}x${height}`;
    uses.set(bucket, (uses.get(bucket) ?? 0) + repeats);
  }
  const batches = [...uses.values()].reduce((sum, count) => sum + Math.ceil(count / batchSize), 0);
  return Math.ceil(batches / gradientAccumulation);
}
