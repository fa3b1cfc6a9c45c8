import type { TrainingImage } from '../jobs.ts';
import { permutation } from '../random/philox.ts';
import { bucketKey, type StepPlan } from './data-order.ts';

/**
 * The steps of an epoch (from 1) with as many class images in each batch as it has images, of the same bucket. All of a
 * bucket's have their turn before one comes again, in an order that depends on the seed and the round alone, so that a
 * resumed run goes on where it was.
 */
export function besideClassImages(
  steps: readonly StepPlan[],
  classImages: readonly TrainingImage[],
  seed: number,
  epoch: number,
): readonly StepPlan[] {
  const byBucket = Map.groupBy(classImages, bucketKey);
  const uses = new Map<string, number>();
  for (const batch of steps.flat()) {
    const key = bucketKey(batch.bucket);
    uses.set(key, (uses.get(key) ?? 0) + batch.images.length);
  }
  const next = new Map([...uses].map(([key, count]) => [key, (epoch - 1) * count]));
  const orders = new Map<string, readonly number[]>();
  const orderOf = (key: string, round: number, count: number): readonly number[] => {
    const name = `${key} ${round}`;
    const known = orders.get(name) ?? [...permutation(seed, 'class-images', round, count)];
    orders.set(name, known);
    return known;
  };
  return steps.map((step) =>
    step.map((batch) => {
      const key = bucketKey(batch.bucket);
      const there = byBucket.get(key);
      if (!there) throw new Error(`There is no class image of ${key}.`);
      const begin = next.get(key)!;
      next.set(key, begin + batch.images.length);
      const beside = batch.images.map((_, i) => {
        const round = Math.floor((begin + i) / there.length);
        return there[orderOf(key, round, there.length)[(begin + i) % there.length]!]!;
      });
      return { ...batch, classImages: beside, rows: 2 * batch.rows };
    }),
  );
}
