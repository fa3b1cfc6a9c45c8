import type { TrainingImage, TrainJob } from '../jobs.ts';
import { permutation } from '../random/philox.ts';
import { partsInTurn } from './batch-shape.ts';

/** Images of one bucket that go through the graph together. */
export interface MicroBatch {
  readonly images: readonly TrainingImage[];
  /** Rows of the graph; at least as many as images, the rest is padding that counts nothing. */
  readonly rows: number;
  readonly bucket: Bucket;
  /** One beside each image, of the same bucket; left out without prior preservation. */
  readonly classImages?: readonly TrainingImage[];
}

export interface Bucket {
  readonly width: number;
  readonly height: number;
}

/** The micro-batches whose gradients are summed before the optimizer moves once. */
export type StepPlan = readonly MicroBatch[];

/** Each image as often as it is repeated. */
function uses(images: readonly TrainingImage[]): TrainingImage[] {
  return images.flatMap((image) => Array.from({ length: image.repeats ?? 1 }, () => image));
}

export function bucketKey({ width, height }: Bucket): string {
  return `${width}x${height}`;
}

/** The most rows a batch may have: each image may have a class image beside it. */
export function mostRows({ settings, prior }: Pick<TrainJob, 'settings' | 'prior'>): number {
  return settings.batchSize * (prior ? 2 : 1);
}

/** The most rows that are computed at once: an equal part of those of a full batch. */
export function rowsAtOnce(job: Pick<TrainJob, 'settings' | 'prior'>): number {
  const { imagesAtOnce = Infinity, batchSize } = job.settings;
  const rows = mostRows(job);
  return rows / partsInTurn(rows, (rows / batchSize) * Math.min(imagesAtOnce, batchSize));
}

/** Whether gradients of several batches, or of parts of one, are added up. */
export function accumulates({
  settings: { gradientAccumulation, imagesAtOnce = Infinity, batchSize },
}: Pick<TrainJob, 'settings'>): boolean {
  return gradientAccumulation > 1 || imagesAtOnce < batchSize;
}

/** Rows of each bucket's graph: the batch size, or fewer where the bucket never fills it. */
export function bucketRows(images: readonly TrainingImage[], batchSize: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const image of uses(images)) counts.set(bucketKey(image), (counts.get(bucketKey(image)) ?? 0) + 1);
  return new Map([...counts].map(([key, count]) => [key, Math.min(batchSize, count)]));
}

/**
 * The optimizer steps of an epoch (from 1): every use of every image once, in an order that depends on the seed and
 * the epoch alone. Only images of one bucket share a batch.
 */
export function planEpoch(
  images: readonly TrainingImage[],
  batchSize: number,
  gradientAccumulation: number,
  seed: number,
  epoch: number,
): StepPlan[] {
  const all = uses(images);
  const rows = bucketRows(images, batchSize);
  const pending = new Map<string, TrainingImage[]>();
  const batches: MicroBatch[] = [];
  const flush = (key: string, members: readonly TrainingImage[]): void => {
    const { width, height } = members[0]!;
    batches.push({ images: members, rows: rows.get(key)!, bucket: { width, height } });
    pending.delete(key);
  };
  for (const i of permutation(seed, 'order', epoch, all.length)) {
    const image = all[i]!;
    const key = bucketKey(image);
    const members = [...(pending.get(key) ?? []), image];
    pending.set(key, members);
    if (members.length === rows.get(key)) flush(key, members);
  }
  for (const [key, members] of pending) flush(key, members);

  const steps: StepPlan[] = [];
  for (let i = 0; i < batches.length; i += gradientAccumulation)
    steps.push(batches.slice(i, i + gradientAccumulation));
  return steps;
}
