import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

import { decode as decodeBmp } from 'bmp-ts';
import sharp, { type Metadata, type Sharp } from 'sharp';

import { Failure } from '../failure.ts';

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** What libvips may say a file is, by its bytes; an SVG or a PDF named `.png` is refused. */
const formats: ReadonlySet<string> = new Set(['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif']);

/** As libvips' own default: about 16k x 16k. A file can claim any size; this bounds what is allocated for it. */
const maxPixels = 0x3fff * 0x3fff;

/**
 * Reads an image as a network takes it: RGB planes `[3, height, width]` in [-1, 1]. EXIF rotation is applied, alpha is
 * flattened on white, colour profiles are converted to sRGB, an animation gives its first frame. The image is scaled
 * with Lanczos to cover the size and cropped to it around the centre.
 * @throws Failure `image-unreadable`: no file, not an image, truncated or damaged.
 */
export async function readPixels(path: string, size: ImageSize): Promise<Float32Array> {
  const rgb = await readRgb(path, size);
  const area = size.width * size.height;
  const planes = new Float32Array(3 * area);
  for (let pixel = 0; pixel < area; pixel++) {
    planes[pixel] = rgb[3 * pixel]! / 127.5 - 1;
    planes[area + pixel] = rgb[3 * pixel + 1]! / 127.5 - 1;
    planes[2 * area + pixel] = rgb[3 * pixel + 2]! / 127.5 - 1;
  }
  return planes;
}

/**
 * Like `readPixels`, as interleaved bytes `[height, width, 3]`.
 * @throws Failure `image-unreadable`
 */
export async function readRgb(path: string, size: ImageSize): Promise<Uint8Array> {
  return await decoding(path, async (image) => {
    const { data, info } = await image
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .resize(size.width, size.height, {
        fit: 'cover',
        position: 'centre',
        kernel: 'lanczos3',
        // Shrinking inside the JPEG decoder rounds its own way; the picture should not depend on the file format.
        fastShrinkOnLoad: false,
      })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`expected 3 channels, got ${info.channels}`);
    return data;
  });
}

/**
 * The size as it is seen, EXIF rotation applied, from the file's header alone.
 * @throws Failure `image-unreadable`
 */
export async function readImageSize(path: string): Promise<ImageSize> {
  return await decoding(path, sizeOf);
}

/**
 * The size like `readImageSize`, after every pixel was decoded and forgotten, so that a truncated or damaged file is
 * found before it is needed.
 * @throws Failure `image-unreadable`
 */
export async function checkImage(path: string): Promise<ImageSize> {
  return await decoding(path, async (image) => {
    const size = await sizeOf(image);
    await image.resize(32, 32, { fit: 'fill', kernel: 'nearest' }).raw().toBuffer();
    return size;
  });
}

/**
 * An image of any readable format, EXIF rotation applied, to be encoded as something else.
 * @throws Failure `image-unreadable`
 */
export async function readUpright(path: string): Promise<Sharp> {
  return await decoding(path, (image) => Promise.resolve(image.autoOrient()));
}

/** A picture made small, as bytes `[height, width, channels]`: RGB, or RGBA where it is transparent in places. */
export interface SmallPicture {
  /** As the file is seen, EXIF rotation applied. */
  readonly size: ImageSize;
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
}

/**
 * An image file's bytes scaled down to fit a square, never up, in sRGB with EXIF rotation applied. Every pixel is decoded,
 * so a truncated or damaged file is found.
 * @param path to name it by where it is refused
 * @param side of the square, in pixels
 * @throws Failure `image-unreadable`
 */
export async function shrinkImage(bytes: Buffer, path: string, side: number): Promise<SmallPicture> {
  try {
    if (bytes.length === 0) throw new Error('the file is empty');
    const { image, metadata } = await openWithMetadata(bytes);
    const { data, info } = await image
      .autoOrient()
      .resize(side, side, { fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3 && info.channels !== 4) throw new Error(`it has ${info.channels} channels`);
    const size = metadata === null ? await sizeOf(image) : sizeIn(metadata);
    return { size, pixels: data, width: info.width, height: info.height, channels: info.channels };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function sizeOf(image: Sharp): Promise<ImageSize> {
  return sizeIn(await image.metadata());
}

function sizeIn({ autoOrient, pageHeight }: Metadata): ImageSize {
  return { width: autoOrient.width, height: pageHeight ?? autoOrient.height };
}

/**
 * SHA-256 of a file's bytes, in hexadecimal; the file is streamed.
 * @throws Failure `image-unreadable`
 */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  return hash.digest('hex');
}

async function decoding<T>(path: string, work: (image: Sharp) => Promise<T>): Promise<T> {
  try {
    // From bytes and not from the path: libvips caches by path, and would miss that a file was edited.
    const bytes = await readFile(path);
    if (bytes.length === 0) throw new Error('the file is empty');
    return await work(await open(bytes));
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function open(bytes: Buffer): Promise<Sharp> {
  return (await openWithMetadata(bytes)).image;
}

async function openWithMetadata(bytes: Buffer): Promise<{ image: Sharp; metadata: Metadata | null }> {
  if (bytes.subarray(0, 2).toString('latin1') === 'BM') return { image: openBmp(bytes), metadata: null };
  const image = sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels });
  const metadata = await image.metadata();
  if (!formats.has(metadata.format))
    throw new Error(`${metadata.format} is not among the image formats that can be trained on`);
  return { image, metadata };
}

/** libvips as sharp ships it has no BMP reader. */
function openBmp(bytes: Buffer): Sharp {
  if (bytes.length < 26) throw new Error('the file ends within its header');
  const width = bytes.readUInt32LE(18);
  const height = Math.abs(bytes.readInt32LE(22));
  if (width * height === 0 || width * height > maxPixels) {
    throw new Error(`its header claims ${width} x ${height} pixels`);
  }
  const bitmap = decodeBmp(bytes, { toRGBA: true });
  // Most writers leave the fourth byte zero and mean opaque; an image that is transparent everywhere shows nothing.
  let opaque = true;
  for (let at = 3; at < bitmap.data.length && opaque; at += 4) opaque = bitmap.data[at] === 0;
  if (opaque) for (let at = 3; at < bitmap.data.length; at += 4) bitmap.data[at] = 255;
  return sharp(bitmap.data, { raw: { width: bitmap.width, height: bitmap.height, channels: 4 } });
}

function unreadable(path: string, cause: unknown): Failure {
  return new Failure(
    'image-unreadable',
    `${path} cannot be read as an image: ${reason(cause)}`,
    'Open it in an image editor and save it again, or take it out of the folder.',
    cause,
  );
}

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return cause.message.split('\n')[0] ?? '';
}
