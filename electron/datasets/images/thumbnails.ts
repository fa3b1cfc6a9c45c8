import { access, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Side of the square that a thumbnail fits into, in pixels. */
export const thumbnailSide = 256;

/** Small pictures by the SHA-256 of the file they show, as WebP. */
export interface Thumbnails {
  readonly pathOf: (contentHash: string) => string;
  readonly has: (contentHash: string) => Promise<boolean>;
  /** A file to write one to, before it is known whose it is. */
  readonly partial: () => string;
  /** Takes what was written there for the thumbnail of that content: whole or not at all, whenever the program is killed. */
  readonly place: (partial: string, contentHash: string) => Promise<void>;
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
    partial: () => join(partial, `${++count}.webp`),
    place: async (file, hash) => {
      const place = pathOf(hash);
      if (!made.has(dirname(place))) await mkdir(dirname(place), { recursive: true });
      made.add(dirname(place));
      await rename(file, place);
    },
  };
}
