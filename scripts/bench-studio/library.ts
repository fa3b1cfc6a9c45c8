import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { tagOptionsSchema } from '../../electron/contract/captions.ts';
import { readPictureFile } from '../../electron/datasets/files/picture-file.ts';
import { openThumbnails } from '../../electron/datasets/images/thumbnails.ts';
import { searchText } from '../../electron/datasets/import/image-writer.ts';
import { openLibrary } from '../../electron/library/library.ts';

/** Different pictures among the rows; the others repeat them. */
const pictures = 256;

/** Folder of the emoji that stand for a person's images: WebP, 256 pixels a side. */
export const emojiFolder = join(
  dirname(fileURLToPath(import.meta.resolve('@lobehub/fluent-emoji-3d/package.json'))),
  'assets',
);

export function emojiFiles(): readonly string[] {
  return readdirSync(emojiFolder).filter((name) => name.endsWith('.webp'));
}

/**
 * A library whose one data set has as many images as asked for, captioned, for measuring how it is to look through them.
 * The rows are written at once rather than imported; thumbnails and originals are those of a few hundred pictures.
 * @param folder of the library; must not have one
 */
export async function fillLibrary(folder: string, rows: number): Promise<{ readonly datasetId: number }> {
  const library = openLibrary(folder);
  try {
    const { database } = library;
    const thumbnails = await openThumbnails(library.paths.thumbnails);
    const files = emojiFiles().slice(0, Math.min(rows, pictures));
    const read = await Promise.all(
      files.map(async (name) => {
        const partial = thumbnails.partial();
        const picture = await readPictureFile(join(emojiFolder, name), partial);
        await thumbnails.place(partial, picture.contentHash);
        return { name, ...picture };
      }),
    );
    const insert = database.prepare(
      `INSERT INTO image (dataset_id, source_id, file, path, width, height, bytes, modified_at, content_hash,
         perceptual_hash, metadata, candidates, search, added_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '[]', ?, ?)`,
    );
    const caption = database.prepare('INSERT INTO caption (caption_set_id, image_id, text) VALUES (?, ?, ?)');
    const datasetId = database.transaction(() => {
      const dataset = Number(
        database.prepare("INSERT INTO dataset (name, created_at) VALUES ('Many images', 0)").run()
          .lastInsertRowid,
      );
      const source = Number(
        database
          .prepare("INSERT INTO dataset_source (dataset_id, root, prefix, pending) VALUES (?, ?, '', 0)")
          .run(dataset, emojiFolder).lastInsertRowid,
      );
      const set = Number(
        database
          .prepare(
            "INSERT INTO caption_set (dataset_id, name, source, tags, created_at) VALUES (?, 'Template', ?, ?, 0)",
          )
          .run(
            dataset,
            JSON.stringify({ kind: 'template', template: 'emoji ${name}, ${kind}' }),
            JSON.stringify(tagOptionsSchema.parse({})),
          ).lastInsertRowid,
      );
      for (let row = 0; row < rows; row++) {
        const { name, width, height, bytes, contentHash, perceptualHash } = read[row % read.length]!;
        const file = `${String(row).padStart(7, '0')}-${name}`;
        const metadata = { file, name: `picture ${row}`, kind: ['face', 'animal', 'food'][row % 3]! };
        // Of many shapes, as people's images are.
        const tall = height + 64 * (row % 5);
        const { lastInsertRowid } = insert.run(
          ...[
            dataset,
            source,
            file,
            name,
            width,
            tall,
            bytes + (row % 1000),
            row,
            contentHash,
            perceptualHash,
          ],
          ...[JSON.stringify(metadata), searchText(file, metadata), row],
        );
        caption.run(set, lastInsertRowid, `emoji ${metadata.name}, ${metadata.kind}`);
      }
      const field = database.prepare('INSERT INTO dataset_field VALUES (?, ?, ?, ?)');
      for (const name of ['file', 'kind', 'name']) field.run(dataset, name, rows, name);
      return dataset;
    })();
    return { datasetId };
  } finally {
    library.close();
  }
}
