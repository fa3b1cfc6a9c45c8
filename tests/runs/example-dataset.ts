import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';

import type { LibraryDatabase } from '../../electron/library/database.ts';

export interface ExampleDataset {
  readonly datasetId: number;
  /** Two: one with names, one without words. */
  readonly captionSetIds: readonly [number, number];
  readonly heldOutImageId: number;
}

/** A data set of the library, of five coloured squares and one held out, with two caption sets. */
export async function addExampleDataset(
  database: LibraryDatabase,
  folder: string,
  size = 32,
): Promise<ExampleDataset> {
  mkdirSync(folder, { recursive: true });
  const insert = (sql: string, ...values: (string | number | Buffer | null)[]) =>
    Number(database.prepare(sql).run(...values).lastInsertRowid);
  const datasetId = insert("INSERT INTO dataset (name, created_at) VALUES ('squares', 1)");
  const sourceId = insert(
    "INSERT INTO dataset_source (dataset_id, root, prefix, pending) VALUES (?, ?, '', 0)",
    datasetId,
    folder,
  );
  const tags = JSON.stringify({ shuffle: false, keepFirst: 1, dropout: 0, variants: 1 });
  const set = (name: string, source: object) =>
    insert(
      'INSERT INTO caption_set (dataset_id, name, source, tags, created_at) VALUES (?, ?, ?, ?, 1)',
      datasetId,
      name,
      JSON.stringify(source),
      tags,
    );
  const captionSetIds = [set('names', { kind: 'hand' }), set('no words', { kind: 'empty' })] as const;
  let heldOutImageId = 0;
  for (const [index, name] of ['red', 'green', 'blue', 'white', 'black', 'violet'].entries()) {
    const file = join(folder, `${name}.png`);
    await sharp({ create: { width: size, height: size, channels: 3, background: name } })
      .png()
      .toFile(file);
    const imageId = insert(
      `INSERT INTO image (dataset_id, source_id, file, path, width, height, bytes, modified_at, content_hash,
         perceptual_hash, metadata, candidates, search, held_out, added_at)
       VALUES (?, ?, ?, ?, ?, ?, 1, 1, ?, ?, '{}', '[]', ?, ?, 1)`,
      datasetId,
      sourceId,
      `${name}.png`,
      `${name}.png`,
      size,
      size,
      name,
      Buffer.alloc(8),
      name,
      index === 5 ? 1 : 0,
    );
    if (index === 5) heldOutImageId = imageId;
    insert(
      'INSERT INTO caption (caption_set_id, image_id, text) VALUES (?, ?, ?)',
      captionSetIds[0],
      imageId,
      `a ${name} square`,
    );
    insert(
      "INSERT INTO caption (caption_set_id, image_id, text) VALUES (?, ?, '')",
      captionSetIds[1],
      imageId,
    );
  }
  return { datasetId, captionSetIds, heldOutImageId };
}
