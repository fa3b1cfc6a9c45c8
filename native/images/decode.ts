import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open as openFile, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

import sharp, { type Metadata, type Sharp } from 'sharp';

import { Failure } from '../failure.ts';
import { obstacleOf, systemCode } from '../files/obstacle.ts';
import { decodeBitmap, isBitmap, readBitmapHeader } from './bmp.ts';
import { decodingBytes, requireReadableSize, TooLarge, withinBudget } from './decoding-memory.ts';
import { isHevc } from './heif.ts';

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** What libvips may say a file is, by its bytes; an SVG or a PDF named `.png` is refused. */
const formats: ReadonlySet<string> = new Set(['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif']);

/**
 * Goes up when the same file is read as other pixels than before: what was computed from them is then computed anew.
 * 2: pictures of 16 bits with a profile come out in sRGB, bitmaps by palette in their own colours.
 */
export const decodingVersion = 2;

/** A longer file is no picture that anybody trains on. */
const mostFileBytes = 2 ** 30;

/**
 * Reads an image as a network takes it: RGB planes `[3, height, width]` in [-1, 1]. EXIF rotation is applied, alpha is
 * flattened on white, colour profiles are converted to sRGB, an animation gives its first frame. The image is scaled
 * with Lanczos to cover the size and cropped to it around the centre.
 * @throws Failure `image-unreadable`: no file, not an image, truncated or damaged.
 */
export async function readPixels(path: string, size: ImageSize): Promise<Float32Array> {
  return planesOf(await readRgb(path, size), size);
}

/** Interleaved bytes as planes in [-1, 1]. */
export function planesOf(rgb: Uint8Array, { width, height }: ImageSize): Float32Array<ArrayBuffer> {
  const area = width * height;
  const planes = new Float32Array(3 * area);
  for (let pixel = 0; pixel < area; pixel++) {
    planes[pixel] = rgb[3 * pixel]! / 127.5 - 1;
    planes[area + pixel] = rgb[3 * pixel + 1]! / 127.5 - 1;
    planes[2 * area + pixel] = rgb[3 * pixel + 2]! / 127.5 - 1;
  }
  return planes;
}

/**
 * Like `readPixels`, brought to one size first and from there to another: what is finer than the first is lost, so that an image
 * compares with a picture made in that size.
 * @throws Failure `image-unreadable`
 */
export async function readPixelsAt(
  path: string,
  first: ImageSize,
  size: ImageSize,
): Promise<Float32Array<ArrayBuffer>> {
  const rgb = await readRgb(path, first);
  const { data } = await sharp(rgb, { raw: { ...first, channels: 3 } })
    .resize(size.width, size.height, { fit: 'cover', position: 'centre', kernel: 'lanczos3' })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return planesOf(data, size);
}

/**
 * Like `readPixels`, as interleaved bytes `[height, width, 3]`.
 * @throws Failure `image-unreadable`
 */
export async function readRgb(path: string, size: ImageSize): Promise<Uint8Array> {
  return await decoding(path, async ({ image }) => {
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
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`expected 3 channels, got ${info.channels}`);
    return data;
  });
}

/**
 * One channel of an image, `[height, width]`, scaled and cropped as `readPixels` does: its brightness, or how little transparent
 * it is, 255 throughout where it is not at all.
 * @throws Failure `image-unreadable`
 */
export async function readMask(
  path: string,
  size: ImageSize,
  channel: 'grey' | 'alpha',
): Promise<Uint8Array> {
  return await decoding(path, async ({ image }) => {
    const cut = image
      .autoOrient()
      .resize(size.width, size.height, { fit: 'cover', position: 'centre', kernel: 'lanczos3' });
    const single =
      channel === 'alpha'
        ? cut.ensureAlpha().extractChannel('alpha')
        : cut.removeAlpha().toColourspace('b-w');
    const { data, info } = await single.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    if (info.channels !== 1) throw new Error(`expected 1 channel, got ${info.channels}`);
    return data;
  });
}

/**
 * The size as it is seen, EXIF rotation applied, from the file's header alone.
 * @throws Failure `image-unreadable`
 */
export async function readImageSize(path: string): Promise<ImageSize> {
  try {
    const bytes = await readImageBytes(path);
    return isBitmap(bytes) ? bitmapSize(bytes) : (await open(bytes)).size;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/**
 * The size like `readImageSize`, after every pixel was decoded and forgotten, so that a truncated or damaged file is
 * found before it is needed.
 * @throws Failure `image-unreadable`
 */
export async function checkImage(path: string): Promise<ImageSize> {
  return await decoding(path, async ({ image, size }) => {
    await image.resize(32, 32, { fit: 'fill', kernel: 'nearest' }).raw().toBuffer();
    return size;
  });
}

/**
 * Writes an image of any readable format as a WebP of sRGB, EXIF rotation applied.
 * @throws Failure `image-unreadable`
 */
export async function convertToWebp(path: string, output: string): Promise<void> {
  const webp = await decoding(path, async ({ image }) => {
    return await image.autoOrient().toColourspace('srgb').webp({ quality: 90 }).toBuffer();
  });
  await writeFile(output, webp);
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
  return await decodingBuffer(bytes, path, async ({ image, size }) => {
    const { data, info } = await image
      .autoOrient()
      .resize(side, side, { fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3 && info.channels !== 4) throw new Error(`it has ${info.channels} channels`);
    return { size, pixels: data, width: info.width, height: info.height, channels: info.channels };
  });
}

/** All of a picture, as bytes `[height, width, channels]`: RGB, or RGBA where it is transparent in places. */
export interface WholePicture extends ImageSize {
  readonly pixels: Uint8Array;
  readonly channels: 3 | 4;
}

/**
 * Every pixel of an image file in sRGB, EXIF rotation applied, at its own size.
 * @throws Failure `image-unreadable`
 */
export async function readWhole(path: string): Promise<WholePicture> {
  return await decoding(path, async ({ image }) => {
    const { data, info } = await image
      .autoOrient()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (channels !== 3 && channels !== 4) throw new Error(`it has ${channels} channels`);
    return { width, height, channels, pixels: data };
  });
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

/** The limit is our own, which sees sides as well and what the format holds at once. */
const readOptions = { failOn: 'error', limitInputPixels: false } as const;

export interface OpenImage {
  readonly image: Sharp;
  /** As it is seen. */
  readonly size: ImageSize;
}

/**
 * Does something with the image in a file.
 * @throws Failure `image-unreadable`, also where `work` throws
 */
export async function decoding<T>(path: string, work: (image: OpenImage) => Promise<T>): Promise<T> {
  return await decodingBuffer(await readImageBytes(path), path, work);
}

async function decodingBuffer<T>(
  bytes: Buffer,
  path: string,
  work: (image: OpenImage) => Promise<T>,
): Promise<T> {
  try {
    if (isBitmap(bytes)) {
      const { width, height } = bitmapSize(bytes);
      return await withinBudget(4 * width * height, () => work(bitmapOf(bytes)));
    }
    const opened = await open(bytes);
    const { metadata } = opened;
    if (!isDeep(metadata)) return await withinBudget(decodingBytes(metadata), () => work(opened));
    const bytesHeld = decodingBytes(metadata) + metadata.width * metadata.height * metadata.channels;
    return await withinBudget(bytesHeld, async () => await work({ ...opened, image: await toSrgb(bytes) }));
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/**
 * A picture's file, from bytes and not from the path: libvips caches by path, and would miss that a file was edited.
 * @throws Failure `image-unreadable`
 */
export async function readImageBytes(path: string): Promise<Buffer> {
  try {
    const file = await openFile(path);
    try {
      const { size } = await file.stat();
      if (size > mostFileBytes) {
        throw new TooLarge(
          `the file has ${(size / 1e9).toFixed(1)} GB, and ${(mostFileBytes / 1e9).toFixed(1)} GB are read`,
        );
      }
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function open(bytes: Buffer): Promise<OpenImage & { readonly metadata: Metadata }> {
  if (bytes.length === 0) throw new Empty('it is empty');
  const reason = unsupported(bytes);
  if (reason !== null) throw new Unsupported(reason);
  const image = sharp(bytes, readOptions);
  const metadata = await image.metadata();
  if (!formats.has(metadata.format)) {
    throw new Unsupported(`${metadata.format} is not among the image formats that can be trained on`);
  }
  decodingBytes(metadata);
  return { image, metadata, size: sizeIn(metadata) };
}

function bitmapSize(bytes: Buffer): ImageSize {
  const { width, height } = readBitmapHeader(bytes);
  requireReadableSize(width, height);
  return { width, height };
}

function bitmapOf(bytes: Buffer): OpenImage {
  const { width, height, channels, pixels } = decodeBitmap(bytes, readBitmapHeader(bytes));
  return {
    image: sharp(pixels, { raw: { width, height, channels } }),
    size: { width, height },
  };
}

/**
 * libvips takes a picture of 16 bits to Display P3 when it reads it, and leaves it there. Such a picture goes straight
 * from its profile to sRGB with 8 bits here, before anything else is done with it, as one of 8 bits does.
 */
async function toSrgb(bytes: Buffer): Promise<Sharp> {
  const { data, info } = await sharp(bytes, { ...readOptions, ignoreIcc: true })
    .autoOrient()
    .toColourspace('srgb')
    .withIccProfile('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return sharp(data, { raw: { width, height, channels } });
}

function isDeep({ space, icc }: Metadata): boolean {
  return space === 'rgb16' && icc !== undefined;
}

/** Pictures that are known and cannot be decoded here, by their first bytes. */
function unsupported(bytes: Buffer): string | null {
  if (isHevc(bytes)) {
    return 'it is HEIC, for whose compression (HEVC) Screenfold has no decoder';
  }
  const text = bytes.subarray(0, 32).toString('latin1');
  if (text.startsWith('\xff\x0a') || text.startsWith('\0\0\0\x0cJXL ')) {
    return 'it is JPEG XL, for which Screenfold has no decoder';
  }
  return null;
}

/** A picture in a format that is not read. */
class Unsupported extends Error {}

/** A file without a byte. */
class Empty extends Error {}

function unreadable(path: string, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  return new Failure(
    'image-unreadable',
    `${path} cannot be read as an image: ${reason(cause)}`,
    advice(cause),
    cause,
  );
}

function advice(cause: unknown): string {
  if (cause instanceof Unsupported) return 'Convert it to PNG or JPEG, or take it out of the folder.';
  if (cause instanceof TooLarge) return 'Make it smaller in an image editor, or take it out of the folder.';
  const obstacle = obstacleOf(cause);
  if (obstacle !== null) return obstacle.hint;
  if (systemCode(cause) !== '') return 'Check that its drive is in order, and try again.';
  if (cause instanceof Empty) return 'Get it again from where it came from, or take it out of the folder.';
  return 'Get it again from where it came from, or open it in an image editor and save it again; else take it out of the folder.';
}

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const obstacle = obstacleOf(cause);
  if (obstacle !== null) return obstacle.reason;
  const [line = ''] = cause.message.split('\n');
  return cause instanceof Unsupported || cause instanceof TooLarge || cause instanceof Empty
    ? line
    : plainWords(line);
}

/** What the decoding library says names its own parts; who has the file wants to know what is the matter with it. */
function plainWords(message: string): string {
  if (/unsupported image format/i.test(message))
    return 'it is no image, or one of a kind that is not known here';
  if (/premature|truncat|unexpected end|end of (?:file|stream|image)|too short|not enough/i.test(message))
    return 'the file ends too early';
  return /^(?:vips|pngload|jpegload|webp|gif|tiff|heif|libspng|input (?:file|buffer)|bad|corrupt)/i.test(
    message,
  )
    ? 'the file is damaged'
    : message;
}
