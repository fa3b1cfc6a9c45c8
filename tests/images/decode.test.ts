import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { encode as encodeBmp } from 'bmp-ts';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';

import { checkImage, hashFile, readImageSize, readPixels, readRgb } from '../../native/images/decode.ts';
import { noise, quarters, type Rgb, temporaryFolder } from './pictures.ts';

const folder = temporaryFolder();
const red: Rgb = [255, 0, 0];
const green: Rgb = [0, 255, 0];
const blue: Rgb = [0, 0, 255];
const gray: Rgb = [128, 128, 128];

async function save(name: string, image: Sharp): Promise<string> {
  const path = join(folder.path, name);
  await image.toFile(path);
  return path;
}

/** Red, green and blue of one pixel, in [-1, 1]. */
function at(planes: Float32Array, width: number, x: number, y: number): number[] {
  const area = planes.length / 3;
  return [0, 1, 2].map((channel) => planes[channel * area + y * width + x]!);
}

function expectColor(actual: readonly number[], [r, g, b]: Rgb, tolerance: number): void {
  [r, g, b].forEach((value, channel) => {
    expect(Math.abs(actual[channel]! - (value / 127.5 - 1))).toBeLessThanOrEqual(tolerance);
  });
}

describe('readPixels', () => {
  test('gives RGB planes in [-1, 1], exact where nothing is scaled', async () => {
    const path = await save('planes.png', quarters(8, 8, [red, green, blue, gray]));
    const planes = await readPixels(path, { width: 8, height: 8 });
    expect(planes.length).toBe(3 * 8 * 8);
    expectColor(at(planes, 8, 0, 0), red, 0);
    expectColor(at(planes, 8, 7, 0), green, 0);
    expectColor(at(planes, 8, 0, 7), blue, 0);
    // One float32 rounding of 128 / 127.5 - 1.
    expectColor(at(planes, 8, 7, 7), gray, 1e-6);
  });

  test.each(['png', 'jpg', 'webp', 'gif', 'avif', 'tiff'])('reads %s', async (format) => {
    const path = await save(`format.${format}`, quarters(64, 64, [red, green, blue, gray]));
    const planes = await readPixels(path, { width: 32, height: 32 });
    // Lossy codecs at default quality move a flat colour by up to a few percent of the range.
    expectColor(at(planes, 32, 6, 6), red, 0.12);
    expectColor(at(planes, 32, 26, 6), green, 0.12);
    expectColor(at(planes, 32, 6, 26), blue, 0.12);
    expectColor(at(planes, 32, 26, 26), gray, 0.12);
  });

  test.each([24, 32] as const)('reads a BMP of %i bits', async (bitPP) => {
    const raw = await quarters(6, 4, [red, green, blue, gray]).ensureAlpha(0).raw().toBuffer();
    const abgr = Buffer.alloc(raw.length);
    for (let pixel = 0; pixel < raw.length; pixel += 4) {
      abgr.set([0, raw[pixel + 2]!, raw[pixel + 1]!, raw[pixel]!], pixel);
    }
    const path = join(folder.path, `bits-${bitPP}.bmp`);
    await writeFile(path, encodeBmp({ data: abgr, width: 6, height: 4, bitPP }).data);
    expect(await readImageSize(path)).toEqual({ width: 6, height: 4 });
    const planes = await readPixels(path, { width: 6, height: 4 });
    expectColor(at(planes, 6, 0, 0), red, 0);
    expectColor(at(planes, 6, 5, 0), green, 0);
    expectColor(at(planes, 6, 0, 3), blue, 0);
  });

  test('applies EXIF rotation', async () => {
    // Orientation 6: the camera was held upright, the picture must be turned right by 90 degrees.
    const path = await save(
      'turned.jpg',
      quarters(64, 32, [red, green, blue, gray]).withMetadata({ orientation: 6 }).jpeg({ quality: 100 }),
    );
    expect(await readImageSize(path)).toEqual({ width: 32, height: 64 });
    const planes = await readPixels(path, { width: 32, height: 64 });
    expectColor(at(planes, 32, 4, 4), blue, 0.05);
    expectColor(at(planes, 32, 28, 4), red, 0.05);
    expectColor(at(planes, 32, 28, 60), green, 0.05);
  });

  test('flattens alpha on white', async () => {
    const path = await save(
      'alpha.png',
      sharp({ create: { width: 4, height: 4, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } }),
    );
    expect([...(await readPixels(path, { width: 4, height: 4 }))]).toEqual(Array<number>(48).fill(1));
  });

  test('reads grayscale, 16-bit, palette and CMYK as RGB', async () => {
    const flat = sharp({ create: { width: 16, height: 16, channels: 3, background: '#808080' } });
    const files = [
      await save('gray.png', flat.clone().toColourspace('b-w').png()),
      await save('gray16.png', flat.clone().toColourspace('grey16').png()),
      await save('rgb16.png', flat.clone().toColourspace('rgb16').png()),
      await save('palette.png', flat.clone().png({ palette: true })),
      await save('cmyk.jpg', flat.clone().toColourspace('cmyk').jpeg({ quality: 100 })),
    ];
    const depths = await Promise.all(files.map(async (file) => (await sharp(file).metadata()).space));
    expect(depths).toEqual(['b-w', 'grey16', 'rgb16', 'srgb', 'cmyk']);
    for (const file of files) {
      const planes = await readPixels(file, { width: 8, height: 8 });
      expect(planes.length).toBe(3 * 64);
      // A CMYK profile there and back moves gray by 13 levels of 255.
      expectColor(at(planes, 8, 4, 4), gray, file.endsWith('cmyk.jpg') ? 0.11 : 0.01);
    }
  });

  test('takes the first frame of an animation', async () => {
    const frames = [red, green].map(([r, g, b]) =>
      sharp({ create: { width: 8, height: 8, channels: 3, background: { r, g, b } } })
        .png()
        .toBuffer(),
    );
    const path = await save('moving.gif', sharp(await Promise.all(frames), { join: { animated: true } }));
    expect((await sharp(path).metadata()).pages).toBe(2);
    expect(await readImageSize(path)).toEqual({ width: 8, height: 8 });
    expectColor(at(await readPixels(path, { width: 8, height: 8 }), 8, 4, 4), red, 0.01);
  });

  test('scales to cover and crops the middle', async () => {
    const stripes = sharp({
      create: { width: 90, height: 30, channels: 3, background: '#00ff00' },
    }).composite([
      { input: { create: { width: 30, height: 30, channels: 3, background: '#ff0000' } }, left: 0, top: 0 },
      { input: { create: { width: 30, height: 30, channels: 3, background: '#0000ff' } }, left: 60, top: 0 },
    ]);
    const path = await save('wide.png', stripes.png());
    const planes = await readPixels(path, { width: 16, height: 16 });
    // Only the green middle third is left; the outermost column may ring by a few levels (Lanczos).
    for (const x of [1, 8, 14]) expectColor(at(planes, 16, x, 8), green, 0.1);
  });

  test('sees that a file was edited under the same name', async () => {
    const path = await save('edited.png', quarters(8, 8, [red, red, red, red]));
    expectColor(at(await readPixels(path, { width: 8, height: 8 }), 8, 4, 4), red, 0);
    await save('edited.png', quarters(8, 8, [blue, blue, blue, blue]));
    expectColor(at(await readPixels(path, { width: 8, height: 8 }), 8, 4, 4), blue, 0);
  });

  test('reads paths with spaces, umlauts and kanji', async () => {
    const path = await save('mein bild ü 日本.png', quarters(8, 8, [red, green, blue, gray]));
    expect((await readRgb(path, { width: 8, height: 8 })).subarray(0, 3)).toEqual(Buffer.from(red));
  });
});

describe('a file that is no whole image', () => {
  async function expectRefused(path: string): Promise<void> {
    const failure = { name: 'Failure', code: 'image-unreadable' };
    const naming = expect.stringContaining(path) as unknown;
    await expect(checkImage(path)).rejects.toMatchObject({ ...failure, message: naming });
    await expect(readPixels(path, { width: 16, height: 16 })).rejects.toMatchObject(failure);
  }

  test.each(['png', 'jpg', 'webp', 'tiff', 'gif', 'avif'])(
    'is refused when a %s is cut short',
    async (format) => {
      const bytes = await readFile(await save(`whole.${format}`, noise(64, 64)));
      for (const part of [0.95, 0.5, 0.1]) {
        const path = join(folder.path, `cut-${part}.${format}`);
        await writeFile(path, bytes.subarray(0, Math.floor(bytes.length * part)));
        await expectRefused(path);
      }
    },
  );

  test('is refused when a BMP is cut short or claims an absurd size', async () => {
    const { data } = encodeBmp({ data: Buffer.alloc(32 * 32 * 4), width: 32, height: 32, bitPP: 24 });
    const cut = join(folder.path, 'cut.bmp');
    await writeFile(cut, data.subarray(0, data.length / 2));
    await expectRefused(cut);
    const absurd = Buffer.from(data);
    absurd.writeUInt32LE(0x7fffffff, 18);
    const path = join(folder.path, 'absurd.bmp');
    await writeFile(path, absurd);
    await expectRefused(path);
  });

  test.each([
    ['text', 'not an image at all'],
    ['an empty file', ''],
    ['an SVG, which is a document', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
    ['random bytes', Buffer.from(Array.from({ length: 999 }, (_, index) => (index * 73) % 256))],
  ])('is refused when it is %s', async (name, content) => {
    const path = join(folder.path, `${name}.png`);
    await writeFile(path, content);
    await expectRefused(path);
  });

  test('is refused when it is a folder or is not there', async () => {
    await expectRefused(folder.path);
    await expectRefused(join(folder.path, 'absent.png'));
  });
});

describe('hashFile', () => {
  test('is the SHA-256 of the bytes', async () => {
    const path = join(folder.path, 'bytes');
    const bytes = Buffer.alloc(200_000, 'screenfold');
    await writeFile(path, bytes);
    expect(await hashFile(path)).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  test('names a file that is not there', async () => {
    await expect(hashFile(join(folder.path, 'absent'))).rejects.toMatchObject({
      code: 'image-unreadable',
      message: expect.stringContaining('absent') as unknown,
    });
  });
});
