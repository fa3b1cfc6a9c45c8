import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { stepsPerEpoch } from '../../native/facts/epoch-steps.ts';
import type { TrainingImage } from '../../native/jobs.ts';
import { planEpoch } from '../../native/training/data-order.ts';

const buckets = [
  [64, 64],
  [48, 80],
  [80, 48],
] as const;
const images = Array.from({ length: 23 }, (_, i): TrainingImage => {
  const [width, height] = buckets[i % 7 === 0 ? 2 : i % 2]!;
  const id = `image-${i}`;
  return { id, path: id, captions: [''], width, height, ...(i % 5 === 0 && { repeats: 3 }) };
});
const flat = (epoch: number, seed = 1, batchSize = 4, accumulation = 2) =>
  planEpoch(images, batchSize, accumulation, seed, epoch).flat();
const order = (batches: ReturnType<typeof flat>) =>
  batches.flatMap((batch) => batch.images.map(({ id }) => id));

describe('an epoch', () => {
  test('uses every image exactly as often as it is repeated', () => {
    for (const epoch of [1, 2, 7]) {
      const used = Map.groupBy(order(flat(epoch)), (id) => id);
      expect(Object.fromEntries([...used].map(([id, uses]) => [id, uses.length]))).toEqual(
        Object.fromEntries(images.map(({ id, repeats = 1 }) => [id, repeats])),
      );
    }
  });

  test('puts images of one bucket alone into a batch', () => {
    for (const { images: members, bucket, rows } of flat(1)) {
      for (const { width, height } of members) expect({ width, height }).toEqual(bucket);
      expect(members.length).toBeLessThanOrEqual(rows);
    }
  });

  test('gives a bucket one number of rows, which only its last batch of an epoch does not fill', () => {
    for (const batches of Map.groupBy(flat(3), ({ bucket }) => bucket.width).values()) {
      expect(new Set(batches.map(({ rows }) => rows)).size).toBe(1);
      const unfilled = batches.filter(({ images: members, rows }) => members.length < rows);
      expect(unfilled.length).toBeLessThanOrEqual(1);
    }
    const few = planEpoch(images.slice(0, 3), 8, 1, 1, 1).flat();
    expect(few.map(({ rows }) => rows).sort()).toEqual([1, 1, 3]);
  });

  test('has an order that depends on seed and epoch alone', () => {
    expect(order(flat(4))).toEqual(order(flat(4)));
    expect(order(flat(4))).not.toEqual(order(flat(5)));
    expect(order(flat(4))).not.toEqual(order(flat(4, 2)));
  });

  test('has as many steps as every other, each of as many batches as are accumulated', () => {
    for (const [batchSize, accumulation] of [
      [1, 1],
      [4, 1],
      [4, 3],
      [64, 2],
    ] as const) {
      const count = stepsPerEpoch(images, batchSize, accumulation);
      for (const epoch of [1, 2, 3]) {
        const steps = planEpoch(images, batchSize, accumulation, 9, epoch);
        expect(steps).toHaveLength(count);
        for (const step of steps.slice(0, -1)) expect(step).toHaveLength(accumulation);
      }
    }
  });

  test('has as many steps as are counted beforehand, whatever the images', () => {
    const sides = fc.constantFrom(32, 48, 64);
    const used = fc
      .array(fc.record({ width: sides, height: sides, repeats: fc.option(fc.integer({ min: 1, max: 5 })) }), {
        maxLength: 40,
      })
      .map((drawn) =>
        drawn.map(({ repeats, ...bucket }, i): TrainingImage => {
          const id = `image-${i}`;
          return { id, path: id, captions: [''], ...bucket, ...(repeats !== null && { repeats }) };
        }),
      );
    const natural = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(used, natural, natural, natural, (all, batchSize, accumulation, epoch) => {
        const steps = planEpoch(all, batchSize, accumulation, 3, epoch);
        expect(stepsPerEpoch(all, batchSize, accumulation)).toBe(steps.length);
      }),
    );
  });
});
