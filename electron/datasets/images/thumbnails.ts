import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import sharp from 'sharp';

import type { SmallPicture } from '../../../native/images/decode.ts';

/** Side of the square that a thumbnail fits into, in pixels. */
export const thumbnailSide = 256;

/** Small pictures by the SHA-256 of the file they show, as WebP. */
export interface Thumbnails {
  readonly pathOf: (contentHash: string) => string;
  readonly has: (contentHash: string) => Promise<boolean>;
  /** Whole or not at all, whenever the program is killed. */
  readonly write: (contentHash: string, picture: SmallPicture) => Promise<void>;
}

/**
 * @param folder of the thumbnails; 256 folders by the hash's first byte keep each of them short
 */
export async function openThumbnails(folder: string): Promise<Thumbnails> {
  const partial = join(folder, 'partial');
  // What a killed program left half-written.
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const made = new Set<string>();
  let count = 0;
  const pathOf = (hash: string) => join(folder, hash.slice(0, 2), `${hash}.webp`);
  return {
    pathOf,
    has: async (hash) =>
      await access(pathOf(hash)).then(
        () => true,
        () => false,
      ),
    write: async (hash, { pixels, width, height, channels }) => {
      const path = join(partial, `${++count}.webp`);
      // Written by node, whose errors say what is wrong: a full disk is no fault of the picture.
      await writeFile(path, await sharp(pixels, { raw: { width, height, channels } }).webp().toBuffer());
      const place = pathOf(hash);
      if (!made.has(dirname(place))) await mkdir(dirname(place), { recursive: true });
      made.add(dirname(place));
      await rename(path, place);
    },
  };
}
