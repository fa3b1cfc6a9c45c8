import { join } from 'node:path';

import type { LibraryDatabase } from '../../library/database.ts';
import { libraryPathsOf } from '../../library/library-paths.ts';
import type { CaptionCandidate, DatasetImage } from '../dataset-image.ts';
import type { MetadataRecord } from '../files/metadata-rows.ts';

/** An image of the library: a `DatasetImage`, whose id is its file's path within the data set, with its row's id. */
export interface StoredImage extends DatasetImage {
  readonly imageId: number;
  readonly heldOut: boolean;
  readonly excluded: boolean;
}

interface Row {
  readonly id: number;
  readonly file: string;
  readonly root: string;
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly metadata: string;
  readonly candidates: string;
  readonly repeats: number;
  readonly held_out: number;
  readonly excluded: number;
}

/** Every image of a data set whose file is there, by name. */
export function* storedImages(database: LibraryDatabase, datasetId: number): Generator<StoredImage> {
  const { absolute } = libraryPathsOf(database);
  const rows = database
    .prepare<[number], Row>(
      `SELECT image.id, file, root, path, width, height, metadata, candidates, repeats, held_out, excluded
       FROM image JOIN dataset_source ON dataset_source.id = source_id
       WHERE image.dataset_id = ? AND gone = 0 ORDER BY file`,
    )
    .iterate(datasetId);
  for (const row of rows) {
    yield {
      imageId: row.id,
      id: row.file,
      path: join(absolute(row.root), row.path),
      width: row.width,
      height: row.height,
      metadata: JSON.parse(row.metadata) as MetadataRecord,
      candidates: JSON.parse(row.candidates) as readonly CaptionCandidate[],
      repeats: row.repeats,
      heldOut: row.held_out === 1,
      excluded: row.excluded === 1,
    };
  }
}
