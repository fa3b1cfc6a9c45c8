import { hash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';

import sharp from 'sharp';

import { type ImageSize, readImageBytes, shrinkImage } from '../../../native/images/decode.ts';
import { thumbnailSide } from '../images/thumbnails.ts';
import { perceptualHash } from './perceptual-hash.ts';

/** What is learned of an image file by reading it. */
export interface PictureFile extends ImageSize {
  /** Length of the file. */
  readonly bytes: number;
  /** SHA-256, in hexadecimal. */
  readonly contentHash: string;
  readonly perceptualHash: Uint8Array;
}

/**
 * Reads an image file once: checks that it is whole, hashes it, and writes its thumbnail, a WebP.
 * @throws Failure `image-unreadable`
 */
export async function readPictureFile(path: string, thumbnail: string): Promise<PictureFile> {
  const file = await readImageBytes(path);
  const { size, ...small } = await shrinkImage(file, path, thumbnailSide);
  const { pixels, width, height, channels } = small;
  const webp = await sharp(pixels, { raw: { width, height, channels } }).webp().toBuffer();
  // Written by node, whose errors say what is wrong: a full disk is no fault of the picture.
  await writeFile(thumbnail, webp);
  return {
    ...size,
    bytes: file.length,
    contentHash: hash('sha256', file),
    perceptualHash: perceptualHash({ size, ...small }),
  };
}
