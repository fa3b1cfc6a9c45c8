import { describe, expect, test } from 'vitest';

import { dataShare } from '../../electron/cli/arguments.ts';
import { shareCount, shareText } from '../../electron/contract/data-share.ts';
import { drawShare } from '../../electron/datasets/images/draw-share.ts';

const images = Array.from({ length: 100 }, (_, at) => ({ id: `images/${at}.png` }));

describe('a share of the images', () => {
  test('is drawn by the seed, a smaller one being part of a larger, in the order they came', () => {
    const half = drawShare(images, 0.5, 7);
    const ten = drawShare(images, 10, 7);
    expect([half.length, ten.length]).toEqual([50, 10]);
    expect(half).toEqual(expect.arrayContaining([...ten]));
    expect([...half].sort((a, b) => images.indexOf(a) - images.indexOf(b))).toEqual(half);
    expect(drawShare(images, 0.5, 7)).toEqual(half);
    expect(drawShare(images, 0.5, 8)).not.toEqual(half);
    // Images that are added later do not turn the draw over.
    const more = drawShare([...images, { id: 'new.png' }], 10, 7).filter((one) => ten.includes(one));
    expect(more.length).toBeGreaterThanOrEqual(9);
  });

  test('is all of them where it asks for as many or more', () => {
    expect(drawShare(images, 'all', 0)).toBe(images);
    expect(drawShare(images, 1000, 0)).toBe(images);
    expect(shareCount(0.001, 100)).toBe(1);
  });

  test('is said in words, and read from the command line', () => {
    expect(['all', 0.5, 0.25, 0.125, 1, 12].map((share) => shareText(share as 'all'))).toEqual([
      ...['all images', 'half of the images', 'a quarter of the images', '12.5 % of the images'],
      ...['1 image', '12 images'],
    ]);
    expect(['all', '0.5', '12'].map(dataShare)).toEqual(['all', 0.5, 12]);
    for (const wrong of ['half', '0', '1.5', '-3'])
      expect(() => dataShare(wrong)).toThrow(/fraction below 1/);
  });
});
