import { describe, expect, test } from 'vitest';

import { averageCrop, bucketOf, cropTo } from '../../../../renderer/features/datasets/images/crop.ts';

const buckets = [
  { width: 384, height: 640 },
  { width: 512, height: 512 },
  { width: 640, height: 384 },
];

describe('the bucket of an image', () => {
  test('is the one of the nearest shape', () => {
    expect(bucketOf({ width: 3000, height: 2000 }, buckets)).toEqual({ width: 640, height: 384 });
    expect(bucketOf({ width: 1000, height: 900 }, buckets)).toEqual({ width: 512, height: 512 });
    expect(bucketOf({ width: 10, height: 30 }, buckets)).toEqual({ width: 384, height: 640 });
  });

  test('is none without buckets', () => {
    expect(bucketOf({ width: 10, height: 30 }, [])).toBeNull();
  });
});

describe('the crop', () => {
  test('is the whole picture where shapes agree', () => {
    expect(cropTo({ width: 1000, height: 1000 }, { width: 512, height: 512 })).toEqual({
      left: 0,
      top: 0,
      width: 1,
      height: 1,
    });
  });

  test('takes the same from both sides', () => {
    expect(cropTo({ width: 2000, height: 1000 }, { width: 512, height: 512 })).toEqual({
      left: 0.25,
      top: 0,
      width: 0.5,
      height: 1,
    });
  });

  test('is averaged over images, not over buckets', () => {
    expect(
      averageCrop([
        { images: 3, cropped: 0 },
        { images: 1, cropped: 0.4 },
      ]),
    ).toBeCloseTo(0.1);
    expect(averageCrop([])).toBe(0);
  });
});
