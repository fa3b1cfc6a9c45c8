import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { decodeBitmap, readBitmapHeader } from '../../native/images/bmp.ts';
import { readRgb, shrinkImage } from '../../native/images/decode.ts';
import { temporaryFolder } from './pictures.ts';

const folder = temporaryFolder();
const cases = fileURLToPath(new URL('../datasets/cases/palette-bmp', import.meta.url));

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly compression?: number;
  /** Red, green, blue. */
  readonly palette?: readonly (readonly [number, number, number])[];
  readonly masks?: readonly number[];
  readonly pixels: readonly number[];
  /** Of the second header; 12 is OS/2's. */
  readonly headerBytes?: number;
}

function bitmap({
  width,
  height,
  bits,
  compression = 0,
  palette = [],
  masks = [],
  pixels,
  headerBytes = 40,
}: Layout) {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(headerBytes, 0);
  if (headerBytes === 12) {
    header.writeUInt16LE(width, 4);
    header.writeUInt16LE(height, 6);
    header.writeUInt16LE(1, 8);
    header.writeUInt16LE(bits, 10);
  } else {
    header.writeInt32LE(width, 4);
    header.writeInt32LE(height, 8);
    header.writeUInt16LE(1, 12);
    header.writeUInt16LE(bits, 14);
    header.writeUInt32LE(compression, 16);
    header.writeUInt32LE(palette.length, 32);
  }
  const maskBytes = Buffer.alloc(4 * masks.length);
  masks.forEach((mask, index) => maskBytes.writeUInt32LE(mask, 4 * index));
  if (headerBytes > 40) maskBytes.copy(header, 40);
  const colors = Buffer.from(
    palette.flatMap(([red, green, blue]) => [blue, green, red, ...(headerBytes === 12 ? [] : [0])]),
  );
  const before = Buffer.concat([header, headerBytes === 40 ? maskBytes : Buffer.alloc(0), colors]);
  const file = Buffer.alloc(14);
  file.write('BM', 0, 'latin1');
  file.writeUInt32LE(14 + before.length + pixels.length, 2);
  file.writeUInt32LE(14 + before.length, 10);
  return Buffer.concat([file, before, Buffer.from(pixels)]);
}

function pixelsOf(bytes: Buffer): { readonly channels: number; readonly pixels: readonly number[] } {
  const { channels, pixels } = decodeBitmap(bytes, readBitmapHeader(bytes));
  return { channels, pixels: [...pixels] };
}

const red = [220, 30, 30] as const;
const green = [60, 200, 30] as const;
const blue = [20, 40, 210] as const;
const palette = [red, green, blue];

describe('bitmaps by palette', () => {
  test.each([
    ['gray.bmp', [40, 40, 40]],
    ['bmp-8pal.bmp', [220, 30, 30]],
  ])('%s has its own colour and is opaque', async (name, color) => {
    const path = join(cases, name);
    expect([...(await readRgb(path, { width: 8, height: 8 })).subarray(0, 3)]).toEqual(color);
    const thumbnail = await shrinkImage(readFileSync(path), path, 32);
    expect(thumbnail.channels).toBe(3);
    expect([...thumbnail.pixels.subarray(0, 3)]).toEqual(color);
  });

  // Rows are filled up to four bytes and the lowest comes first.
  test.each<[string, Layout]>([
    ['1 bit', { width: 3, height: 2, bits: 1, palette, pixels: [0b00100000, 0, 0, 0, 0b01000000, 0, 0, 0] }],
    ['2 bits', { width: 3, height: 2, bits: 2, palette, pixels: [0b00000100, 0, 0, 0, 0b00010000, 0, 0, 0] }],
    ['4 bits', { width: 3, height: 2, bits: 4, palette, pixels: [0x00, 0x10, 0, 0, 0x01, 0x00, 0, 0] }],
    ['8 bits', { width: 3, height: 2, bits: 8, palette, pixels: [0, 0, 1, 0, 0, 1, 0, 0] }],
    [
      '8 bits of OS/2',
      { width: 3, height: 2, bits: 8, palette, headerBytes: 12, pixels: [0, 0, 1, 0, 0, 1, 0, 0] },
    ],
    ['8 bits from the top', { width: 3, height: -2, bits: 8, palette, pixels: [0, 1, 0, 0, 0, 0, 1, 0] }],
    // Two of red, one of green, end of line; one of red, a jump over one, one of red; end.
    [
      '8 bits in runs',
      {
        width: 3,
        height: 2,
        bits: 8,
        compression: 1,
        palette,
        pixels: [2, 0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 1],
      },
    ],
    [
      '8 bits in single values',
      {
        width: 3,
        height: 2,
        bits: 8,
        compression: 1,
        palette,
        pixels: [0, 3, 0, 0, 1, 0, 0, 0, 0, 3, 0, 1, 0, 0, 0, 1],
      },
    ],
    [
      '4 bits in runs',
      {
        width: 3,
        height: 2,
        bits: 4,
        compression: 2,
        palette,
        pixels: [2, 0x00, 1, 0x10, 0, 0, 3, 0x01, 0, 1],
      },
    ],
    [
      '4 bits in single values',
      {
        width: 3,
        height: 2,
        bits: 4,
        compression: 2,
        palette,
        pixels: [0, 3, 0x00, 0x10, 0, 0, 0, 3, 0x01, 0x00, 0, 1],
      },
    ],
  ])('of %s are read', (_, layout) => {
    expect(pixelsOf(bitmap(layout))).toEqual({
      channels: 3,
      pixels: [red, green, red, red, red, green].flat(),
    });
  });

  test('skip what a jump skips: it has the first colour', () => {
    // One of green, a jump of one to the right and none up, one of green, end.
    const bytes = bitmap({
      ...{ width: 3, height: 1, bits: 8, compression: 1, palette },
      pixels: [1, 1, 0, 2, 1, 0, 1, 1, 0, 1],
    });
    expect(pixelsOf(bytes).pixels).toEqual([...green, ...red, ...green]);
  });

  test('name no colour outside their palette', () => {
    const bytes = bitmap({ width: 1, height: 1, bits: 8, palette: [red], pixels: [200, 0, 0, 0] });
    expect(pixelsOf(bytes).pixels).toEqual([0, 0, 0]);
  });
});

describe('bitmaps without a palette', () => {
  test.each<[string, Layout, number[]]>([
    ['24 bits', { width: 1, height: 1, bits: 24, pixels: [30, 31, 220, 0] }, [220, 31, 30]],
    [
      '32 bits, the fourth byte unused',
      { width: 1, height: 1, bits: 32, pixels: [30, 31, 220, 0] },
      [220, 31, 30],
    ],
    ['16 bits, five each', { width: 1, height: 1, bits: 16, pixels: [0x1f, 0x7c, 0, 0] }, [255, 0, 255]],
    [
      '16 bits by masks',
      {
        width: 1,
        height: 1,
        bits: 16,
        compression: 3,
        masks: [0xf800, 0x07e0, 0x001f],
        pixels: [0xe0, 0x07, 0, 0],
      },
      [0, 255, 0],
    ],
    [
      '32 bits by masks in a later header',
      {
        width: 1,
        height: 1,
        bits: 32,
        compression: 3,
        headerBytes: 108,
        masks: [0xff, 0xff00, 0xff0000, 0],
        pixels: [1, 2, 3, 4],
      },
      [1, 2, 3],
    ],
  ])('of %s are read', (_, layout, color) => {
    expect(pixelsOf(bitmap(layout))).toEqual({ channels: 3, pixels: color });
  });

  test('are transparent where they say so in some places', () => {
    const bytes = bitmap({ width: 2, height: 1, bits: 32, pixels: [1, 2, 3, 0, 4, 5, 6, 255] });
    expect(pixelsOf(bytes)).toEqual({ channels: 4, pixels: [3, 2, 1, 0, 6, 5, 4, 255] });
  });
});

test('a bitmap that is cut anywhere or holds anything is refused in words or read, and nothing else', async () => {
  const whole = bitmap({
    ...{ width: 5, height: 4, bits: 4, compression: 2, palette },
    pixels: [5, 0x01, 0, 0, 0, 5, 0x12, 0x01, 0x10, 0, 0, 0, 0, 2, 1, 1, 3, 0x22, 0, 1],
  });
  for (let length = 0; length < whole.length - 2; length++) {
    expect(() => pixelsOf(whole.subarray(0, length)), `${length} bytes`).toThrow(
      /file ends|no bitmap|claims/,
    );
  }
  let state = 7;
  const random = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 16;
  for (let round = 0; round < 3000; round++) {
    const bytes = Buffer.from(whole);
    for (let change = 0; change < 3; change++) bytes[14 + (random() % (bytes.length - 14))] = random();
    const path = 'changed.bmp';
    const read = shrinkImage(bytes, path, 8);
    await read.catch((error: unknown) => {
      expect(error).toMatchObject({ name: 'Failure', code: 'image-unreadable' });
    });
  }
});

test('a bitmap whose header claims more than is read is refused before anything is held for it', async () => {
  const bytes = bitmap({ width: 20_000, height: 20_000, bits: 8, compression: 1, palette, pixels: [0, 1] });
  const path = join(folder.path, 'claims.bmp');
  await writeFile(path, bytes);
  await expect(readRgb(path, { width: 8, height: 8 })).rejects.toMatchObject({
    message: expect.stringContaining('400 million') as unknown,
    hint: expect.stringContaining('smaller') as unknown,
  });
});
