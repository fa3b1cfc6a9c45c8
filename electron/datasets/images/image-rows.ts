import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { maskPathOf } from '../../../native/facts/masks.ts';
import type { ImageDetail, ImageRow } from '../../contract/datasets.ts';
import type { LibraryDatabase } from '../../library/database.ts';
import { libraryPathsOf } from '../../library/library-paths.ts';
import { unknownImage } from '../domain.ts';
import type { MetadataRecord } from '../files/metadata-rows.ts';

interface Row {
  readonly id: number;
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  readonly held_out: number;
  readonly excluded: number;
  readonly repeats: number;
  readonly caption: string | null;
}

/** Rows of images by id, in the order asked for; images that are not there any more are left out. */
export function imageRows(
  database: LibraryDatabase,
  ids: readonly number[],
  captionSetId: number | null,
): ImageRow[] {
  const select = database.prepare<[number | null, number], Row>(
    `SELECT image.id, file, width, height, bytes, held_out, excluded, repeats, caption.text AS caption
     FROM image LEFT JOIN caption ON image_id = image.id AND caption_set_id = ? WHERE image.id = ?`,
  );
  return ids.flatMap((id) => {
    const row = select.get(captionSetId, id);
    return row === undefined ? [] : [toImageRow(row)];
  });
}

/** @throws Failure `image-unknown` */
export function imageDetail(database: LibraryDatabase, id: number): ImageDetail {
  const row = database
    .prepare<
      [number],
      Row & { dataset_id: number; root: string; path: string; metadata: string; added_at: number }
    >(
      `SELECT image.id, image.dataset_id, file, width, height, bytes, held_out, excluded, repeats, NULL AS caption,
         root, path, metadata, added_at
       FROM image JOIN dataset_source ON dataset_source.id = source_id WHERE image.id = ?`,
    )
    .get(id);
  if (row === undefined) throw unknownImage();
  const captions = database
    .prepare<[number, number], { captionSetId: number; name: string; text: string | null }>(
      `SELECT caption_set.id AS captionSetId, name, text FROM caption_set
       LEFT JOIN caption ON caption_set_id = caption_set.id AND image_id = ?
       WHERE dataset_id = ? ORDER BY created_at, caption_set.id`,
    )
    .all(id, row.dataset_id);
  const metadata = JSON.parse(row.metadata) as MetadataRecord;
  const path = join(libraryPathsOf(database).absolute(row.root), row.path);
  return {
    ...toImageRow(row),
    path,
    masked: existsSync(maskPathOf(path)),
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
    ),
    captions,
    addedAt: row.added_at,
  };
}

function toImageRow(row: Row): ImageRow {
  const { id, file, width, height, bytes, repeats, caption } = row;
  return {
    ...{ id, file, width, height, bytes, repeats, caption },
    heldOut: row.held_out === 1,
    excluded: row.excluded === 1,
  };
}
