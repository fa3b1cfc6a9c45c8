import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { LRUCache } from 'lru-cache';

import { maskPathOf } from '../../native/facts/masks.ts';
import type { TrainingImage } from '../../native/jobs.ts';
import type { LibraryDatabase } from '../library/database.ts';
import { libraryPathsOf } from '../library/library-paths.ts';
import { readRun, type Run, runFileStamp } from './run-folder.ts';
import type { RunRecord } from './run-records.ts';

export type RunReader = (record: Pick<RunRecord, 'folder' | 'baseModelId' | 'datasetId'>) => Promise<Run>;

/** A run of a large data set has a large file, which changes when the run is trained on. */
const kept = 4;

/**
 * Reads runs of the library. Their base and their images are where the library knows them now: what comes with Screenfold
 * lies elsewhere after an update, and folders are moved. Which weights and which images they are is checked by content.
 */
export function createRunReader(database: LibraryDatabase): RunReader {
  const { absolute } = libraryPathsOf(database);
  const files = new LRUCache<string, Promise<Run>>({ max: kept });
  const baseOf = database.prepare<[number], string>('SELECT folder FROM model WHERE id = ?').pluck();
  const imagesOf = database.prepare<[number], { file: string; root: string; path: string }>(
    `SELECT file, root, image.path FROM image JOIN dataset_source ON dataset_source.id = source_id
     WHERE image.dataset_id = ?`,
  );
  const remembered = async (folder: string): Promise<Run> => {
    const key = `${folder} ${await runFileStamp(folder)}`;
    const known = files.get(key);
    if (known !== undefined) return known;
    const run = readRun(folder);
    files.set(key, run);
    run.catch(() => files.delete(key));
    return run;
  };
  const relocated = (images: readonly TrainingImage[], datasetId: number): readonly TrainingImage[] => {
    const places = new Map(
      imagesOf.all(datasetId).map((row) => [row.file, join(absolute(row.root), row.path)]),
    );
    return images.map((image) => {
      const path = places.get(image.id) ?? image.path;
      return { ...image, path, ...(image.mask !== undefined && { mask: maskPathOf(path) }) };
    });
  };
  return async ({ folder, baseModelId, datasetId }) => {
    const { spec, job } = await remembered(folder);
    const known = baseModelId === null ? undefined : baseOf.get(baseModelId);
    const base = known === undefined ? job.base : absolute(known);
    const [first] = job.images;
    const moved = datasetId !== null && first !== undefined && !existsSync(first.path);
    return {
      folder,
      spec: { ...spec, base },
      job: {
        ...job,
        base,
        ...(moved
          ? { images: relocated(job.images, datasetId), validation: relocated(job.validation, datasetId) }
          : {}),
      },
    };
  };
}
