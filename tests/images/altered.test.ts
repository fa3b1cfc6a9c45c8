import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';

import { mostAltered, usualAugmentation } from '../../native/facts/augmentation.ts';
import {
  type Alteration,
  colourChange,
  cornerOf,
  drawAlteration,
  windowOf,
} from '../../native/images/alteration.ts';
import { readAlteredMask, readAlteredRgb } from '../../native/images/altered.ts';
import type { ImageSize } from '../../native/images/decode.ts';
import { pictureOrigin } from '../../native/images/picture-origin.ts';
import { temporaryFolder } from './pictures.ts';

const folder = temporaryFolder();

const none: Alteration = {
  ...{ zoom: 1, reach: 0, right: 0, down: 0, rotation: 0 },
  ...{ brightness: 1, contrast: 1, saturation: 1, hue: 0 },
};

/** As red as a pixel is far to the right, as green as it is far down: what was read says where it was. */
async function places({ width, height }: ImageSize): Promise<string> {
  const pixels = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return [2 * (pixel % width), 2 * Math.floor(pixel / width), 0][i % 3]!;
  });
  const path = join(folder.path, `places-${width}x${height}.png`);
  await writeFile(
    path,
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
  return path;
}

async function plain(colour: readonly [number, number, number]): Promise<string> {
  const [r, g, b] = colour;
  const path = join(folder.path, `plain-${colour.join('-')}.png`);
  await writeFile(
    path,
    await sharp({ create: { width: 8, height: 8, channels: 3, background: { r, g, b } } })
      .png()
      .toBuffer(),
  );
  return path;
}

const large = { width: 100, height: 80 };
const size = { width: 50, height: 40 };

describe('an altered picture', () => {
  test('without a change is the middle of its image', async () => {
    const path = await places(size);
    const read = await readAlteredRgb(path, size, none);
    const at = (x: number, y: number) => [...read.subarray(3 * (y * 50 + x), 3 * (y * 50 + x) + 3)];
    expect(at(0, 0)).toEqual([0, 0, 0]);
    expect(at(49, 39)).toEqual([98, 78, 0]);
  });

  test('is cut closer, and moved to the right and down, as far as there is image', async () => {
    const path = await places(size);
    // Twice as large it has 25 pixels on either side, of which a fifth of its width is 10.
    const alteration = { ...none, zoom: 2, reach: 0.2, right: 1, down: -0.5 };
    expect(windowOf(size, size, alteration).scaled).toEqual({ width: 100, height: 80 });
    const { left, top } = cornerOf(windowOf(size, size, alteration), size);
    expect({ left, top }).toEqual({ left: 35, top: 16 });
    const read = await readAlteredRgb(path, size, alteration);
    // In the middle a pixel of the picture is half a one of the image, which has twice its place as its colour.
    const at = 3 * (20 * 50 + 25);
    expect(Math.abs(read[at]! - 2 * ((25 + 35 + 0.5) / 2 - 0.5))).toBeLessThanOrEqual(1);
    expect(Math.abs(read[at + 1]! - 2 * ((20 + 16 + 0.5) / 2 - 0.5))).toBeLessThanOrEqual(1);
    const edge = { ...alteration, reach: 3 };
    expect(cornerOf(windowOf(size, size, edge), size)).toEqual({ left: 50, top: 10 });
  });

  test('is turned clockwise about its middle, with nothing from beyond the image in it', async () => {
    const path = await places(large);
    const alteration = { ...none, rotation: 20 };
    const { scaled } = windowOf(large, size, alteration);
    const read = await readAlteredRgb(path, size, alteration);
    const [cos, sin] = [Math.cos((20 * Math.PI) / 180), Math.sin((20 * Math.PI) / 180)];
    for (const [x, y] of [
      ...[
        [25, 20],
        [0, 0],
        [49, 0],
      ],
      ...[
        [0, 39],
        [49, 39],
        [10, 30],
      ],
    ] as [number, number][]) {
      const [right, down] = [x + 0.5 - size.width / 2, y + 0.5 - size.height / 2];
      // Turned back, and in pixels of the image.
      const column = ((cos * right + sin * down) / scaled.width + 0.5) * large.width - 0.5;
      const row = ((-sin * right + cos * down) / scaled.height + 0.5) * large.height - 0.5;
      const at = 3 * (y * size.width + x);
      // A pixel of the canvas, which is as wide as whole pixels are, is two of the image at most.
      expect(Math.abs(read[at]! - 2 * column)).toBeLessThanOrEqual(4);
      expect(Math.abs(read[at + 1]! - 2 * row)).toBeLessThanOrEqual(4);
    }
  });

  test.each([[large], [{ width: 40, height: 300 }], [{ width: 33, height: 21 }]])(
    'never reaches beyond an image of %o',
    async (image) => {
      const path = join(folder.path, `white-${image.width}.png`);
      await writeFile(
        path,
        await sharp({ create: { ...image, channels: 3, background: '#ffffff' } })
          .png()
          .toBuffer(),
      );
      const settings = { ...usualAugmentation, crop: mostAltered.crop, rotation: mostAltered.rotation };
      for (let version = 1; version <= 12; version++) {
        const alteration = drawAlteration(settings, 3, 'a', version);
        const read = await readAlteredRgb(path, { width: 32, height: 24 }, alteration);
        expect(read.every((value) => value > 250)).toBe(true);
      }
    },
  );

  test('of a line is turned without a canvas as long as the line', async () => {
    const path = await places({ width: 2000, height: 2 });
    const read = await readAlteredRgb(path, { width: 64, height: 64 }, { ...none, rotation: 45 });
    expect(read).toHaveLength(3 * 64 * 64);
    // As red as its middle, far from black.
    expect(read.every((value, i) => i % 3 !== 0 || value > 60)).toBe(true);
  });

  test('has the colours that the filters give', async () => {
    const read = async (colour: readonly [number, number, number], change: Partial<Alteration>) => {
      const pixels = await readAlteredRgb(
        await plain(colour),
        { width: 8, height: 8 },
        { ...none, ...change },
      );
      return [...pixels.subarray(0, 3)];
    };
    expect(await read([200, 100, 50], { brightness: 1.2 })).toEqual([240, 120, 60]);
    expect(await read([200, 100, 50], { brightness: 1.5 })).toEqual([255, 150, 75]);
    // 127.5 stays: (200 - 127.5) * 0.8 + 127.5 = 185.5 and so on, to the nearest.
    expect(await read([200, 100, 50], { contrast: 0.8 })).toEqual([186, 106, 66]);
    // 0.213 * 200 + 0.715 * 100 + 0.072 * 50 = 117.7, which all become.
    expect(await read([200, 100, 50], { saturation: 0 })).toEqual([118, 118, 118]);
    // Red turned by 120 degrees, by the filter's matrix: 0.213 - 0.213 / 2 - 0.213 * 0.866 … of 255, none below 0.
    expect(await read([255, 0, 0], { hue: 120 })).toEqual([0, 113, 0]);
    expect(await read([90, 90, 90], { hue: 77, saturation: 1.4 })).toEqual([90, 90, 90]);
    expect(colourChange(none)).toBeNull();
  });

  test('is what it is by seed, image and version, within what was asked for', () => {
    const settings = { ...usualAugmentation, crop: 0.1, rotation: 5, brightness: 0.2, hue: 9 };
    const first = drawAlteration(settings, 7, 'fox.png', 1);
    expect(drawAlteration(settings, 7, 'fox.png', 1)).toEqual(first);
    for (const other of [
      drawAlteration(settings, 8, 'fox.png', 1),
      drawAlteration(settings, 7, 'cat.png', 1),
      drawAlteration(settings, 7, 'fox.png', 2),
    ])
      expect(other).not.toEqual(first);
    const many = Array.from({ length: 400 }, (_, version) => drawAlteration(settings, 7, 'fox.png', version));
    const range = (pick: (alteration: Alteration) => number) => {
      const values = many.map(pick);
      return [Math.min(...values), Math.max(...values)] as const;
    };
    for (const [pick, low, high] of [
      [(a: Alteration) => a.zoom, 1, 1.1],
      [(a: Alteration) => a.rotation, -5, 5],
      [(a: Alteration) => a.brightness, 0.8, 1.2],
      [(a: Alteration) => a.hue, -9, 9],
    ] as const) {
      const [least, most] = range(pick);
      expect(least).toBeGreaterThanOrEqual(low);
      expect(most).toBeLessThanOrEqual(high);
      // Both ends are come near to.
      expect(least - low).toBeLessThan((high - low) / 50);
      expect(high - most).toBeLessThan((high - low) / 50);
    }
    expect(range((a) => a.contrast)).toEqual([1, 1]);
    expect(range((a) => a.saturation)).toEqual([1, 1]);
  });

  test('keeps its mask over what it covers', async () => {
    const image = join(folder.path, 'half.png');
    const mask = join(folder.path, 'half-masklabel.png');
    const half = (sides: ImageSize) =>
      sharp(
        Buffer.from(
          Array.from({ length: sides.width * sides.height }, (_, at) =>
            at % sides.width < sides.width * 0.6 ? 255 : 0,
          ),
        ),
        { raw: { ...sides, channels: 1 } },
      );
    await half({ width: 200, height: 160 }).png().toFile(image);
    // A mask need not be as large as its image.
    await half({ width: 100, height: 80 }).png().toFile(mask);
    const settings = { ...usualAugmentation, crop: 0.3, rotation: 30 };
    for (let version = 1; version <= 6; version++) {
      const alteration = drawAlteration(settings, 1, 'half.png', version);
      const [pixels, shown] = await Promise.all([
        readAlteredRgb(image, size, alteration),
        readAlteredMask(mask, size, 'grey', alteration),
      ]);
      expect(shown).toHaveLength(50 * 40);
      const sides = [...shown].map((value, at) => [pixels[3 * at]!, value] as const);
      const apart = sides.filter(([a, b]) => Math.abs(a - b) > 128).length;
      // Only along the edge between them.
      expect(apart).toBeLessThan(60);
      expect(new Set(sides.map(([, b]) => b > 128)).size).toBe(2);
    }
  });

  test('says where it was cut out of its image, mirrored too', () => {
    const alteration = { ...none, zoom: 2, reach: 0.2, right: 1, down: -0.5 };
    expect(pictureOrigin(size, size, false, alteration)).toEqual({
      ...size,
      original: size,
      crop: { left: 35, top: 16 },
    });
    // 100 pixels wide: 50 are shown, and 15 are left over on the right.
    expect(pictureOrigin(size, size, true, alteration).crop).toEqual({ left: 15, top: 16 });
  });
});
