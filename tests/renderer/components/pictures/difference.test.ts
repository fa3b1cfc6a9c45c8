import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { differenceOf } from '../../../../renderer/components/pictures/difference.ts';

const picture = (...bytes: number[]) => Uint8ClampedArray.from(bytes);

describe('a difference', () => {
  test('of a picture with itself is black', () => {
    fc.assert(
      fc.property(
        fc.uint8ClampedArray({ minLength: 4, maxLength: 64 }),
        fc.integer({ min: 1, max: 20 }),
        (bytes, by) => {
          const whole = bytes.slice(0, bytes.length - (bytes.length % 4));
          const { pixels, mean, changed } = differenceOf(whole, whole, by);
          expect([mean, changed]).toEqual([0, 0]);
          expect(pixels.every((byte, at) => byte === (at % 4 === 3 ? 255 : 0))).toBe(true);
        },
      ),
    );
  });

  test('is the distance of every channel, amplified, at most white', () => {
    const { pixels } = differenceOf(picture(10, 20, 200, 255), picture(13, 10, 0, 255), 4);
    expect([...pixels]).toEqual([12, 40, 255, 255]);
  });

  test('is measured without the amplification', () => {
    const a = picture(0, 0, 0, 255, 9, 9, 9, 255);
    const b = picture(255, 255, 255, 255, 9, 9, 9, 255);
    expect(differenceOf(a, b, 8)).toMatchObject({ mean: 0.5, changed: 0.5 });
  });

  test('wants pictures of one size', () => {
    expect(() => differenceOf(picture(0, 0, 0, 0), picture(), 1)).toThrow(RangeError);
  });
});
