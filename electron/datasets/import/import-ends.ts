import { rm } from 'node:fs/promises';

import { Failure, messageOf } from '../../../native/failure.ts';
import { expectedFailure } from '../../../native/files/as-failure.ts';
import { isDiskFull } from '../../../native/files/storage-failure.ts';
import type { ImportProgress } from '../../contract/datasets.ts';
import { failureData } from '../../contract/failure-data.ts';
import type { RoomWaits } from '../../library/room-waits.ts';
import type { DatasetDomain } from '../domain.ts';
import { readSources } from './sources.ts';
import { uploadFolders } from './upload-folders.ts';

/** What becomes of an import that did not come to its end: what is written down of it, and who is told. */
export interface ImportEnds {
  readonly cancelled: (progress: ImportProgress) => void;
  /** Resolves once nothing is left of what held no image. */
  readonly failed: (progress: ImportProgress, failure: Failure) => Promise<void>;
  /** Writes something down, or says in the log that it could not: the disk may be full. */
  readonly tried: (write: () => void) => void;
}

/** @param again called for an import that the disk was too full for, once there is room */
export function createImportEnds(
  { database, library, publish, log }: DatasetDomain,
  waits: RoomWaits,
  again: (datasetId: number) => void,
): ImportEnds {
  const settle = database.prepare('UPDATE dataset_source SET pending = 0, attempts = 0 WHERE dataset_id = ?');
  const forgetEmpty = database.prepare(
    'DELETE FROM dataset WHERE id = ? AND images = 0 AND problems = 0 AND sample = 0',
  );
  const forgetSource = database.prepare('DELETE FROM dataset_source WHERE id = ?');
  const anyImage = database.prepare<[number]>('SELECT 1 FROM image WHERE source_id = ? LIMIT 1');
  const forgetBare = database.prepare(
    `DELETE FROM dataset WHERE id = ? AND sample = 0
     AND NOT EXISTS (SELECT 1 FROM dataset_source WHERE dataset_id = dataset.id)`,
  );
  const isSample = database.prepare<[number]>('SELECT 1 FROM dataset WHERE id = ? AND sample = 1');
  /** @returns what a browser sent of it */
  const forgetGiven = database.transaction((datasetId: number): readonly string[] => {
    if (isSample.get(datasetId) !== undefined) return [];
    const bare = readSources(database, datasetId).filter(
      ({ id, pending }) => pending && anyImage.get(id) === undefined,
    );
    for (const { id } of bare) forgetSource.run(id);
    forgetBare.run(datasetId);
    return uploadFolders(
      library.paths.uploads,
      bare.map(({ root }) => root),
    );
  });
  const tried = (write: () => void): void => {
    try {
      write();
    } catch (error) {
      log.error('how an import ended could not be written down', error);
    }
  };
  return {
    cancelled: (progress) => {
      tried(() => settle.run(progress.datasetId));
      publish('datasets.progress', { ...progress, phase: 'cancelled', failure: null });
    },
    failed: async (progress, failure) => {
      let sent: readonly string[] = [];
      const { datasetId } = progress;
      if (isDiskFull(failure)) {
        waits.wait(datasetId, () => {
          again(datasetId);
        });
      } else {
        tried(() => {
          if (failure.code === 'dataset-empty') sent = forgetGiven(datasetId);
          // Read again when asked to, not at every start.
          settle.run(datasetId);
          forgetEmpty.run(datasetId);
        });
      }
      publish('datasets.progress', { ...progress, phase: 'failed', failure: failureData(failure) });
      for (const folder of sent) {
        await rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
          log.warn('What was sent without an image could not be removed', error);
        });
      }
    },
    tried,
  };
}

/** Why reading stopped, as a person is told. */
export function importFailure(error: unknown): Failure {
  return withoutRoom(error) ?? (error instanceof Failure ? error : unexpected(error));
}

/** For want of room; what it was that did not fit says nothing to a person. */
function withoutRoom(error: unknown): Failure | null {
  if (!isDiskFull(error)) return null;
  return new Failure(
    'disk-full',
    'Reading the images stopped: the disk of the library is full.',
    'Free some space on it; then reading goes on by itself. What has been read is kept.',
    error,
  );
}

function unexpected(error: unknown): Failure {
  const expected = expectedFailure(error);
  if (expected !== null) return expected;
  return new Failure(
    'import-failed',
    `Reading the images stopped: ${messageOf(error)}`,
    'What has been read is kept. Read the folder again; the log has the details.',
    error,
  );
}
