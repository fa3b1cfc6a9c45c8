import type { DatasetDetail, DatasetProblemData, DatasetSummary } from '../contract/datasets.ts';
import type { LibraryDatabase } from '../library/database.ts';
import { unknownDataset } from './domain.ts';
import { folderOf } from './run-data.ts';

interface Row {
  readonly id: number;
  readonly name: string;
  readonly images: number;
  readonly excluded: number;
  readonly held_out: number;
  readonly problems: number;
  readonly caption_sets: number;
  readonly sample: number;
  readonly created_at: number;
  readonly file_name_pattern: string | null;
  readonly bytes: number;
}

const select = `SELECT *, (SELECT count(*) FROM caption_set WHERE dataset_id = dataset.id) AS caption_sets
  FROM dataset`;

/** Newest first. */
export function datasetSummaries(
  database: LibraryDatabase,
  isImporting: (datasetId: number) => boolean,
): DatasetSummary[] {
  return database
    .prepare<[], Row>(`${select} ORDER BY id DESC`)
    .all()
    .map((row) => summaryOf(database, row, isImporting(row.id)));
}

/** @throws Failure `dataset-unknown` */
export function datasetDetail(
  database: LibraryDatabase,
  datasetId: number,
  importing: boolean,
  journal: { readonly undo: string | null; readonly redo: string | null },
): DatasetDetail {
  const row = database.prepare<[number], Row>(`${select} WHERE id = ?`).get(datasetId);
  if (row === undefined) throw unknownDataset();
  const fields = database
    .prepare<[number], DatasetDetail['fields'][number]>(
      'SELECT name, images, example FROM dataset_field WHERE dataset_id = ? ORDER BY images DESC, name',
    )
    .all(datasetId);
  return {
    ...summaryOf(database, row, importing),
    fields,
    fileNamePattern: row.file_name_pattern,
    bytes: row.bytes,
    ...journal,
  };
}

/** What could not be used, by name, and after it what nobody would have expected to be used. */
export function datasetProblems(database: LibraryDatabase, datasetId: number): DatasetProblemData[] {
  return database
    .prepare<
      [number],
      {
        file: string;
        files: number;
        names: string;
        expected: number;
        code: string;
        message: string;
        hint: string;
      }
    >(
      `SELECT file, files, names, expected, code, message, hint FROM dataset_problem
       WHERE dataset_id = ? ORDER BY expected, file`,
    )
    .all(datasetId)
    .map(({ file, files, names, expected, ...failure }) => {
      const first = JSON.parse(names) as string[];
      return { file, files, names: first.length === 0 ? [file] : first, expected: expected === 1, failure };
    });
}

function summaryOf(database: LibraryDatabase, row: Row, importing: boolean): DatasetSummary {
  const cover = database
    .prepare<[number], number>(
      'SELECT id FROM image WHERE dataset_id = ? AND active = 1 ORDER BY name_key, file LIMIT 4',
    )
    .pluck()
    .all(row.id);
  return {
    id: row.id,
    name: row.name,
    folder: folderOf(database, row.id),
    images: row.images,
    excluded: row.excluded,
    heldOut: row.held_out,
    problems: row.problems,
    captionSets: row.caption_sets,
    importing,
    embedded: row.sample === 1,
    createdAt: row.created_at,
    cover,
  };
}
