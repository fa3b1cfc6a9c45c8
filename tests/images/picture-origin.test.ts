import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';

import { readRgb } from '../../native/images/decode.ts';
import { pictureOrigin, wholePicture } from '../../native/images/picture-origin.ts';
import { temporaryFolder } from './pictures.ts';

const folder = temporaryFolder();

describe('where a picture was cut out of its image', () => {
  test.each([
    [
      { width: 101, height: 67 },
      { width: 32, height: 32 },
    ],
    [
      { width: 67, height: 101 },
      { width: 32, height: 24 },
    ],
    [
      { width: 90, height: 31 },
      { width: 40, height: 32 },
    ],
    [
      { width: 64, height: 64 },
      { width: 32, height: 32 },
    ],
    [
      { width: 20, height: 30 },
      { width: 32, height: 32 },
    ],
  ])('is where it is read from: %o to %o', async (original, size) => {
    const path = join(folder.path, 'image.png');
    // As red as a pixel is far to the right, as green as it is far down: what was read says where it was.
    const pixels = Uint8Array.from({ length: 3 * original.width * original.height }, (_, i) => {
      const pixel = Math.floor(i / 3);
      return [2 * (pixel % original.width), 2 * Math.floor(pixel / original.width), 0][i % 3]!;
    });
    await writeFile(
      path,
      await sharp(pixels, { raw: { ...original, channels: 3 } })
        .png()
        .toBuffer(),
    );
    const { crop } = pictureOrigin(original, size, false);
    const scale = Math.max(size.width / original.width, size.height / original.height);
    const read = await readRgb(path, size);
    // In the middle, where nothing is mixed in from beyond the edges.
    const [x, y] = [size.width >> 1, size.height >> 1];
    const at = 3 * (y * size.width + x);
    const colour = (offset: number, cut: number) => 2 * ((offset + cut + 0.5) / scale - 0.5);
    // Half a pixel of the picture, by which scaled sizes are rounded, and a rounding of the colour.
    const tolerance = 1 / scale + 0.5;
    expect(Math.abs(read[at]! - colour(x, crop.left))).toBeLessThanOrEqual(tolerance);
    expect(Math.abs(read[at + 1]! - colour(y, crop.top))).toBeLessThanOrEqual(tolerance);
  });

  test('is as far from the other side where it is mirrored', () => {
    const [original, size] = [
      { width: 101, height: 64 },
      { width: 32, height: 32 },
    ];
    const [plain, mirrored] = [false, true].map((flipped) => pictureOrigin(original, size, flipped).crop);
    expect([plain, mirrored]).toEqual([
      { top: 0, left: 10 },
      { top: 0, left: 9 },
    ]);
  });

  test('is nowhere where there is no image', () => {
    expect(wholePicture({ width: 8, height: 4 })).toEqual({
      ...{ width: 8, height: 4 },
      original: { width: 8, height: 4 },
      crop: { top: 0, left: 0 },
    });
  });
});
