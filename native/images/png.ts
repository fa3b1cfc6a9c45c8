import { readFile } from 'node:fs/promises';
import { crc32, inflateSync } from 'node:zlib';

import sharp from 'sharp';

import { Failure, messageOf } from '../failure.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { obstacleOf } from '../files/obstacle.ts';

export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** Interleaved bytes `[height, width, 3]`. */
  readonly rgb: Uint8Array;
}

const signature = Buffer.from('89504e470d0a1a0a', 'hex');
/** Signature, and IHDR with its length, type and checksum: what must come first. */
const headerEnd = 8 + 12 + 13;
/** Texts beyond this are refused when read; generation parameters have a few hundred characters. */
const maxTextBytes = 16 * 1024 * 1024;

/**
 * Writes an image and its texts as PNG, atomically. A text goes into a `tEXt` chunk where Latin-1 can hold it and into
 * `iTXt` otherwise, before the pixels (PNG specification 11.3.3), where readers that stop early still find it.
 * @param text keyword -> text; keywords are 1 to 79 characters of Latin-1, `parameters` is what A1111's readers look for
 * @throws Failure `write-failed`
 */
export async function writePng(
  path: string,
  image: RgbImage,
  text: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, await encodePng(image, text));
}

/** Like `writePng`, into memory. */
async function encodePng(image: RgbImage, text: Readonly<Record<string, string>>): Promise<Buffer> {
  const { width, height, rgb } = image;
  if (rgb.length !== 3 * width * height) {
    throw new Error(`${rgb.length} bytes are not ${width} x ${height} x 3`);
  }
  const png = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 6 })
    .toBuffer();
  return withPngText(png, text);
}

/** A whole PNG file's bytes with texts added. */
export function withPngText(png: Buffer, text: Readonly<Record<string, string>>): Buffer {
  const chunks = Object.entries(text).map(([keyword, value]) => textChunk(keyword, value));
  return Buffer.concat([png.subarray(0, headerEnd), ...chunks, png.subarray(headerEnd)]);
}

/**
 * All `tEXt`, `zTXt` and `iTXt` texts of a PNG file by keyword; the first wins where a keyword repeats.
 * @throws Failure `png-unreadable`: not a PNG, truncated, a wrong checksum or an absurd text
 */
export async function readPngText(path: string): Promise<Readonly<Record<string, string>>> {
  try {
    const texts = new Map<string, string>();
    for (const { type, data } of chunksOf(await readFile(path))) {
      const entry = textOf(type, data);
      if (entry !== undefined && !texts.has(entry[0])) texts.set(entry[0], entry[1]);
    }
    return Object.fromEntries(texts);
  } catch (cause) {
    const { reason, hint } = obstacleOf(cause) ?? {
      reason: messageOf(cause),
      hint: 'Choose a PNG file that opens in an image viewer.',
    };
    throw new Failure('png-unreadable', `${path} cannot be read as PNG: ${reason}`, hint, cause);
  }
}

function textChunk(keyword: string, text: string): Buffer {
  if (!/^[\x20-\x7e\xa1-\xff]{1,79}$/.test(keyword)) throw new Error(`'${keyword}' cannot be a PNG keyword`);
  const clean = text.replaceAll('\0', '');
  const name = Buffer.from(`${keyword}\0`, 'latin1');
  if (/^[\n\x20-\x7e\xa0-\xff]*$/.test(clean)) {
    return chunk('tEXt', Buffer.concat([name, Buffer.from(clean, 'latin1')]));
  }
  // Compression flag and method, then an empty language tag and an empty translated keyword.
  return chunk('iTXt', Buffer.concat([name, Buffer.from([0, 0, 0, 0]), Buffer.from(clean, 'utf8')]));
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

function* chunksOf(png: Buffer): Generator<{ readonly type: string; readonly data: Buffer }> {
  if (!png.subarray(0, 8).equals(signature)) throw new Error('it does not begin as one');
  for (let at = 8; at < png.length;) {
    if (at + 12 > png.length) throw new Error('it ends within a chunk');
    const length = png.readUInt32BE(at);
    const end = at + 8 + length;
    if (end + 4 > png.length) throw new Error('it ends within a chunk');
    const type = png.toString('latin1', at + 4, at + 8);
    if (crc32(png.subarray(at + 4, end)) !== png.readUInt32BE(end)) {
      throw new Error(`the checksum of its ${type} chunk is wrong`);
    }
    yield { type, data: png.subarray(at + 8, end) };
    if (type === 'IEND') return;
    at = end + 4;
  }
  throw new Error('its end is missing');
}

function textOf(type: string, data: Buffer): readonly [keyword: string, text: string] | undefined {
  if (!['tEXt', 'zTXt', 'iTXt'].includes(type)) return undefined;
  const [keyword, rest] = splitAtNul(data);
  const name = keyword.toString('latin1');
  if (type === 'tEXt') return [name, rest.toString('latin1')];
  if (type === 'zTXt') return [name, inflate(rest.subarray(1)).toString('latin1')];
  const compressed = rest[0] === 1;
  const [, afterLanguage] = splitAtNul(rest.subarray(2));
  const [, text] = splitAtNul(afterLanguage);
  return [name, (compressed ? inflate(text) : text).toString('utf8')];
}

function splitAtNul(data: Buffer): readonly [before: Buffer, after: Buffer] {
  const nul = data.indexOf(0);
  if (nul === -1) throw new Error('a text chunk has no keyword');
  return [data.subarray(0, nul), data.subarray(nul + 1)];
}

function inflate(data: Buffer): Buffer {
  return inflateSync(data, { maxOutputLength: maxTextBytes });
}
