import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';

import { convertToWebp, readRgb, shrinkImage } from '../../native/images/decode.ts';
import { temporaryFolder } from './pictures.ts';

const folder = temporaryFolder();
const cases = fileURLToPath(new URL('../datasets/cases/icc-16-bit', import.meta.url));
const size = { width: 8, height: 8 };

const files = [
  ['16-none.png', [220, 30, 30]],
  ['16-srgb.png', [220, 30, 30]],
  ['8-srgb.png', [220, 30, 30]],
  ['16-p3.png', [240, 0, 1]],
  ['8-p3.png', [240, 0, 1]],
] as const;

/** The same numbers and profile in another format, with alpha that is whole where `opaque`. */
async function resaved(name: string, format: 'png' | 'tiff', opaque: boolean | null): Promise<string> {
  const path = join(cases, name);
  const { icc } = await sharp(path).metadata();
  const image = sharp(path, { ignoreIcc: true }).toColourspace('rgb16');
  const withAlpha = opaque === null ? image : image.ensureAlpha(opaque ? 1 : 0.5);
  const bytes = await (format === 'tiff' ? withAlpha.tiff({ compression: 'lzw' }) : withAlpha.png())
    .keepMetadata()
    .toBuffer();
  const saved = await sharp(bytes).metadata();
  expect([saved.space, saved.depth, saved.icc?.length]).toEqual(['rgb16', 'ushort', icc?.length]);
  const output = join(folder.path, `${name}-${String(opaque)}.${format}`);
  await writeFile(output, bytes);
  return output;
}

describe('a colour profile is applied, whatever the bits', () => {
  test.each(files)('%s in training, as a thumbnail and as it is shown', async (name, color) => {
    const path = join(cases, name);
    expect([...(await readRgb(path, size)).subarray(0, 3)]).toEqual(color);
    const thumbnail = await shrinkImage(await readFile(path), path, 32);
    expect([...thumbnail.pixels.subarray(0, 3)]).toEqual(color);
    const shown = join(folder.path, `${name}.webp`);
    await convertToWebp(path, shown);
    const webp = await sharp(shown).raw().toBuffer();
    // WebP loses some of the colour.
    color.forEach((value, channel) => {
      expect(Math.abs(webp[channel]! - value)).toBeLessThanOrEqual(6);
    });
  });

  test.each(
    files
      .filter(([name]) => name.startsWith('16-'))
      .flatMap(([name, color]) =>
        (['png', 'tiff'] as const).flatMap((format) =>
          [null, true].map((opaque) => [name, format, opaque, color] as const),
        ),
      ),
  )('%s as %s with alpha %s', async (name, format, opaque, color) => {
    const path = await resaved(name, format, opaque);
    expect([...(await readRgb(path, size)).subarray(0, 3)]).toEqual(color);
    const thumbnail = await shrinkImage(await readFile(path), path, 32);
    expect([...thumbnail.pixels.subarray(0, thumbnail.channels)]).toEqual([
      ...color,
      ...(opaque === null ? [] : [255]),
    ]);
  });

  test.each(['png', 'tiff'] as const)('of a half transparent %s: its colour over white', async (format) => {
    const path = await resaved('16-p3.png', format, false);
    const { pixels, channels } = await shrinkImage(await readFile(path), path, 32);
    expect(channels).toBe(4);
    // Half transparent costs half of the levels.
    [240, 0, 1, 127].forEach((value, channel) => {
      expect(Math.abs(pixels[channel]! - value)).toBeLessThanOrEqual(2);
    });
    const rgb = await readRgb(path, size);
    // As an 8-bit picture: to sRGB first, mixed with white then.
    [247, 127, 128].forEach((value, channel) => {
      expect(Math.abs(rgb[channel]! - value)).toBeLessThanOrEqual(1);
    });
  });
});
