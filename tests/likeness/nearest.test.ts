import { describe, expect, test } from 'vitest';

import { captionRank, kernelDistance, realDistance } from '../../native/likeness/kernel-distance.ts';
import { copyDistance, distanceOf, isLikelyCopy, nearestOf } from '../../native/likeness/nearest.ts';
import { uniform } from '../../native/random/philox.ts';

/** Two numbers on the unit circle. */
const at = (degrees: number) =>
  Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));
const scattered = (count: number, from: number, to: number, seed: number) =>
  Array.from({ length: count }, (_, i) => at(from + (to - from) * uniform(seed, 'order', 0, i)));

describe('the nearest training image', () => {
  test('is the one at the smallest angle, those that cannot be read passed over', () => {
    expect(nearestOf(at(10), [at(90), null, at(20), at(-30)])).toEqual({
      index: 2,
      distance: expect.closeTo(1 - Math.cos(Math.PI / 18), 6) as number,
    });
    expect(nearestOf(at(10), [null])).toBeNull();
    expect(distanceOf(at(7), at(7))).toBeLessThan(1e-6);
  });

  test('tells a copy by how far apart the training images are, and by what the base makes', () => {
    // Every 20 degrees: each is 1 - cos 20° from the next.
    const spread = Array.from({ length: 18 }, (_, i) => at(20 * i));
    expect(copyDistance(spread)).toBeCloseTo(1 - Math.cos(Math.PI / 9), 5);
    // Twins alone do not make everything a copy, nor nothing.
    expect(copyDistance([at(0), at(0), at(90), at(90)])).toBe(0.05);
    expect(copyDistance([at(0)])).toBe(0.05);
    expect(isLikelyCopy(0.04, 0.3, 0.05)).toBe(true);
    expect(isLikelyCopy(0.06, 0.3, 0.05)).toBe(false);
    expect(isLikelyCopy(0.04, 0.07, 0.05)).toBe(false);
    expect(isLikelyCopy(0.04, null, 0.05)).toBe(true);
  });
});

describe('the kernel distance', () => {
  test('is about 0 for pictures of one kind, and large for others, further apart than it is unsure', () => {
    const real = scattered(40, 0, 90, 1);
    const alike = kernelDistance(scattered(30, 0, 90, 2), real)!;
    const others = kernelDistance(scattered(30, 90, 180, 3), real)!;
    expect(alike.low).toBeLessThanOrEqual(0.05);
    expect(Math.abs(alike.value)).toBeLessThan(0.2);
    expect(others.low).toBeGreaterThan(alike.high);
  });

  test('says nothing of too few', () => {
    expect(kernelDistance(scattered(3, 0, 90, 1), scattered(40, 0, 90, 1))).toBeNull();
    expect(kernelDistance(scattered(9, 0, 90, 1), scattered(3, 0, 90, 1))).toBeNull();
  });
});

describe('the distance of real images among themselves', () => {
  const held = scattered(30, 0, 90, 1);

  test('is about 0 where what was held out is like the rest, and more where it is of another kind', () => {
    const alike = realDistance(scattered(200, 0, 90, 2), held, 8)!;
    expect(alike).toMatchObject({ images: 200, atOnce: 8 });
    expect(alike.distance.low).toBeLessThan(0);
    expect(Math.abs(alike.distance.value)).toBeLessThan(0.2);
    const other = realDistance(scattered(200, 60, 150, 3), held, 8)!;
    expect(other.distance.value).toBeGreaterThan(alike.distance.value + 0.5);
  });

  test('is the same by however many, and the more unsure the fewer are drawn at a time', () => {
    const training = scattered(200, 0, 90, 2);
    const [few, many] = [realDistance(training, held, 5)!, realDistance(training, held, 50)!];
    expect(few.distance.value).toBe(many.distance.value);
    const width = ({ distance }: typeof few) => distance.high - distance.low;
    expect(width(few)).toBeGreaterThan(2 * width(many));
    // There are no more than these, however many pictures there are.
    expect(realDistance(training.slice(0, 6), held, 50)).toMatchObject({ images: 6, atOnce: 6 });
  });

  test('is taken of images spread over all where there are many, and says nothing of too few', () => {
    const turned = [...scattered(600, 0, 90, 2), ...scattered(600, 180, 270, 2)];
    const half = realDistance(turned.slice(0, 600), held, 8)!;
    const whole = realDistance(turned, held, 8)!;
    expect([half.images, whole.images]).toEqual([500, 500]);
    expect(whole.distance.value).toBeGreaterThan(half.distance.value + 0.5);
    expect(realDistance(turned.slice(0, 3), held, 8)).toBeNull();
    expect(realDistance(turned, held.slice(0, 3), 8)).toBeNull();
    expect(realDistance(turned, held, 3)).toBeNull();
  });
});

test('a caption is followed as far as other images are further from the picture than the right one', () => {
  const real = [at(0), at(30), at(60), at(90), at(120)];
  expect(captionRank([{ features: at(58), right: 2 }], real)).toEqual({ value: 1, low: 1, high: 1 });
  expect(captionRank([{ features: at(58), right: 4 }], real)!.value).toBe(0);
  expect(captionRank([{ features: at(31), right: 2 }], real)!.value).toBe(0.75);
  expect(captionRank([], real)).toBeNull();
});
