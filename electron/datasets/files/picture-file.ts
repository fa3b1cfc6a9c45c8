import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { Failure } from '../../../native/failure.ts';
import { type ImageSize, shrinkImage } from '../../../native/images/decode.ts';
import { type Thumbnails, thumbnailSide } from '../images/thumbnails.ts';
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
 * Reads an image file once: checks that it is whole, hashes it, and makes its thumbnail.
 * @throws Failure `image-unreadable`
 */
export async function readPictureFile(path: string, thumbnails: Thumbnails): Promise<PictureFile> {
  const bytes = await read(path);
  const picture = await shrinkImage(bytes, path, thumbnailSide);
  const contentHash = hash('sha256', bytes);
  await thumbnails.write(contentHash, picture);
  return {
    ...picture.size,
    bytes: bytes.length,
    contentHash,
    perceptualHash: perceptualHash(picture),
  };
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new Failure(
      'image-unreadable',
      `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Check that the file is there and may be read, then read the folder again.',
      cause,
    );
  }
}
