import { hash } from 'node:crypto';

import { type ImageSize, readImageBytes, shrinkImage } from '../../../native/images/decode.ts';
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
  const bytes = await readImageBytes(path);
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
