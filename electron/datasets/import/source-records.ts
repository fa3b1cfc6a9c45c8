import type { LibraryDatabase } from '../../library/database.ts';
import type { DatasetProblem } from '../dataset-image.ts';
import type { LeftOut } from '../files/left-out.ts';
import type { Source } from './sources.ts';

/** What the library notes of a data set's sources while they are read: problems, gone files, the end. */
export interface SourceRecords {
  /** Forgets a source's problems of last time and notes those of its captions and metadata, and what is left out. */
  readonly begin: (source: Source, problems: readonly DatasetProblem[], leftOut: readonly LeftOut[]) => void;
  readonly problem: (source: Source, problem: DatasetProblem) => void;
  /**
   * Marks images that were not seen, and takes the sources for read.
   * @param seen by source: files as the data set names them
   * @param changed whether metadata of known images may be others than before
   */
  readonly finish: (
    sources: readonly Source[],
    seen: ReadonlyMap<number, ReadonlySet<string>>,
    changed: boolean,
  ) => void;
  readonly images: () => number;
  /** Whether an image of this source is known, those that are gone included. */
  readonly hasImages: (source: Source) => boolean;
  readonly problems: () => number;
}

/** Names kept of files that are left out together. */
const keptNames = 200;

export function createSourceRecords(database: LibraryDatabase, datasetId: number): SourceRecords {
  const note = database.prepare(
    `INSERT INTO dataset_problem (dataset_id, source_id, file, code, message, hint) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const noteLeftOut = database.prepare(
    `INSERT INTO dataset_problem (dataset_id, source_id, file, code, message, hint, files, names, expected)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const forget = database.prepare('DELETE FROM dataset_problem WHERE source_id = ?');
  const imagesOf = database.prepare<[number], { id: number; file: string; gone: number }>(
    'SELECT id, file, gone FROM image WHERE source_id = ?',
  );
  const markGone = database.prepare('UPDATE image SET gone = 1 WHERE id = ? AND gone = 0');
  const read = database.prepare('UPDATE dataset_source SET pending = 0, attempts = 0 WHERE id = ?');
  const forgetFields = database.prepare('DELETE FROM dataset_field WHERE dataset_id = ?');
  const countFields = database.prepare(
    `INSERT INTO dataset_field (dataset_id, name, images, example)
     SELECT ?, field.key, count(*), min(iif(field.type = 'array', field.value ->> 0, substr(field.value, 1, 200)))
     FROM image, json_each(image.metadata) AS field WHERE dataset_id = ? AND gone = 0 GROUP BY field.key`,
  );
  const anyImage = database.prepare<[number]>('SELECT 1 FROM image WHERE source_id = ? LIMIT 1');
  const count = database.prepare<[number], { images: number; problems: number }>(
    'SELECT images, problems FROM dataset WHERE id = ?',
  );
  const problem = (source: Source, { file, failure }: DatasetProblem): void => {
    note.run(datasetId, source.id, file, failure.code, failure.message, failure.hint);
  };

  return {
    problem,
    begin: database.transaction(
      (source: Source, problems: readonly DatasetProblem[], leftOut: readonly LeftOut[]) => {
        forget.run(source.id);
        for (const { file, failure } of problems) problem(source, { file: source.prefix + file, failure });
        for (const { files, failure, expected } of leftOut) {
          const names = files.slice(0, keptNames).map((file) => source.prefix + file);
          noteLeftOut.run(
            ...[datasetId, source.id, names[0], failure.code, failure.message, failure.hint],
            ...[files.length, JSON.stringify(names), expected ? 1 : 0],
          );
        }
      },
    ),
    finish: database.transaction(
      (sources: readonly Source[], seen: ReadonlyMap<number, ReadonlySet<string>>, changed: boolean) => {
        let recount = changed;
        for (const source of sources) {
          const files = seen.get(source.id)!;
          for (const { id, file, gone } of imagesOf.all(source.id)) {
            if (files.has(file)) continue;
            if (gone === 0) recount = true;
            markGone.run(id);
            note.run(
              datasetId,
              source.id,
              file,
              'image-gone',
              `${file} is no longer in ${source.root}.`,
              'Its captions are kept: put the file back and read the folder again, and it returns with them.',
            );
          }
          read.run(source.id);
        }
        if (!recount) return;
        forgetFields.run(datasetId);
        countFields.run(datasetId, datasetId);
      },
    ),
    hasImages: ({ id }) => anyImage.get(id) !== undefined,
    images: () => count.get(datasetId)?.images ?? 0,
    problems: () => count.get(datasetId)?.problems ?? 0,
  };
}
