import { describe, expect, test } from 'vitest';

import { backdropColors, treated, treatmentNames } from '../../../scripts/seedling/treatments.ts';

const edge = 64;
/** A red square of 30 pixels on white. */
const square = {
  edge,
  rgb: Uint8Array.from({ length: 3 * edge * edge }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % edge, Math.floor(i / 3 / edge)];
    return Math.max(Math.abs(x - 31.5), Math.abs(y - 31.5)) < 15 ? [220, 30, 30][i % 3]! : 255;
  }),
};
const pixel = ({ rgb }: { readonly rgb: Uint8Array }, x: number, y: number): number[] => [
  ...rgb.slice(3 * (y * edge + x), 3 * (y * edge + x) + 3),
];

describe('a thing', () => {
  test('with outlines has ink along its border and its colour within', () => {
    const made = treated(square, 'outlined', 'red');
    expect(Math.max(...pixel(made, 17, 32))).toBeLessThan(60);
    expect(pixel(made, 32, 32)).toEqual([220, 30, 30]);
    expect(pixel(made, 2, 2)).toEqual([255, 255, 255]);
  });

  test('on a circle is smaller, and paper is left in the corners alone', () => {
    const made = treated(square, 'circle', 'blue');
    expect(pixel(made, 32, 32)).toEqual([220, 30, 30]);
    expect(pixel(made, 32, 8)).toEqual([...backdropColors.blue]);
    expect(pixel(made, 0, 0)).toEqual([255, 255, 255]);
  });

  test('before a backdrop leaves no paper', () => {
    const made = treated(square, 'backdrop', 'teal');
    for (const [x, y] of [
      [0, 0],
      [63, 63],
      [32, 2],
    ] as const)
      expect(pixel(made, x, y)).toEqual([...backdropColors.teal]);
  });

  test('in gray has no hue, and pale is half as far from white', () => {
    const [r, g, b] = pixel(treated(square, 'gray', 'red'), 32, 32);
    expect([g, b]).toEqual([r, r]);
    expect(pixel(treated(square, 'pale', 'red'), 32, 32)).toEqual([238, 143, 143]);
  });

  test('in pixels has no more colours than blocks, and in watercolour no hard edge', () => {
    const blocks = treated(square, 'pixels', 'red');
    expect(pixel(blocks, 33, 33)).toEqual(pixel(blocks, 34, 34));
    const soft = treated(square, 'watercolor', 'red');
    const steps = Array.from({ length: edge - 1 }, (_, x) =>
      Math.abs(pixel(soft, x + 1, 32)[1]! - pixel(soft, x, 32)[1]!),
    );
    expect(Math.max(...steps)).toBeLessThan(80);
  });

  test.each(treatmentNames)('%s stays a picture of its size', (treatment) => {
    const made = treated(square, treatment, 'green');
    expect(made.edge).toBe(edge);
    expect(made.rgb).toHaveLength(square.rgb.length);
    expect(made.rgb).not.toEqual(square.rgb);
  });
});
