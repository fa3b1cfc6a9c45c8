import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { maskPathOf } from '../../../native/facts/masks.ts';
import { libraryPathsOf } from '../../library/library-paths.ts';
import { shownType } from '../../library/shown-type.ts';
import { type DatasetDomain, unknownImage } from '../domain.ts';
import type { PictureReader } from '../files/picture-reader.ts';
import type { Thumbnails } from './thumbnails.ts';

/** A file as a browser is sent it. */
export interface MediaFile {
  readonly path: string;
  readonly contentType: string;
  /** Changes when what is in the file does. */
  readonly version: string;
}

export interface DatasetMedia {
  /** WebP, at most 256 pixels a side; made again from the original where it was lost. */
  readonly thumbnailFile: (imageId: number) => Promise<MediaFile>;
  /** The original, or a WebP of it where browsers would not show it, or not upright. */
  readonly imageFile: (imageId: number) => Promise<MediaFile>;
  /** The mask beside it. */
  readonly maskFile: (imageId: number) => Promise<MediaFile>;
}

/** All throw Failure `image-unknown`, `image-unreadable`. */
export function createMedia(
  { database, library }: DatasetDomain,
  thumbnails: Promise<Thumbnails>,
  pictures: PictureReader,
): DatasetMedia {
  const select = database.prepare<[number], { path: string; root: string; content_hash: string }>(
    `SELECT path, root, content_hash FROM image JOIN dataset_source ON dataset_source.id = source_id
     WHERE image.id = ?`,
  );
  const find = (imageId: number) => {
    const row = select.get(imageId);
    if (row === undefined) throw unknownImage();
    return { path: join(libraryPathsOf(database).absolute(row.root), row.path), hash: row.content_hash };
  };
  let count = 0;

  return {
    thumbnailFile: async (imageId) => {
      const { path, hash } = find(imageId);
      const store = await thumbnails;
      if (!(await store.has(hash))) {
        const partial = store.partial();
        const { contentHash } = await pictures.read(path, partial);
        await store.place(partial, contentHash);
        return { path: store.pathOf(contentHash), contentType: 'image/webp', version: contentHash };
      }
      return { path: store.pathOf(hash), contentType: 'image/webp', version: hash };
    },
    imageFile: async (imageId) => {
      const { path, hash } = find(imageId);
      const contentType = await shownType(path);
      if (contentType !== null) return { path, contentType, version: hash };
      const copy = join(library.paths.cache, 'shown', hash.slice(0, 2), `${hash}.webp`);
      const file = { path: copy, contentType: 'image/webp', version: hash };
      if (await isThere(copy)) return file;
      await mkdir(dirname(copy), { recursive: true });
      const partial = `${copy}.${process.pid}-${++count}.partial`;
      await pictures.convert(path, partial);
      await rename(partial, copy);
      return file;
    },
    maskFile: async (imageId) => {
      const { path, hash } = find(imageId);
      const mask = maskPathOf(path);
      if ((await shownType(mask)) !== 'image/png') throw unknownImage();
      return { path: mask, contentType: 'image/png', version: hash };
    },
  };
}

async function isThere(path: string): Promise<boolean> {
  return await open(path).then(
    async (file) => {
      await file.close();
      return true;
    },
    () => false,
  );
}
