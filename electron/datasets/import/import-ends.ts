import { Failure, messageOf } from '../../../native/failure.ts';
import { expectedFailure } from '../../../native/files/as-failure.ts';
import { isDiskFull } from '../../../native/files/storage-failure.ts';
import type { ImportProgress } from '../../contract/datasets.ts';
import { failureData } from '../../contract/failure-data.ts';
import type { RoomWaits } from '../../library/room-waits.ts';
import type { DatasetDomain } from '../domain.ts';

/** What becomes of an import that did not come to its end: what is written down of it, and who is told. */
export interface ImportEnds {
  readonly cancelled: (progress: ImportProgress) => void;
  readonly failed: (progress: ImportProgress, failure: Failure) => void;
  /** Writes something down, or says in the log that it could not: the disk may be full. */
  readonly tried: (write: () => void) => void;
}

/** @param again called for an import that the disk was too full for, once there is room */
export function createImportEnds(
  { database, publish, log }: DatasetDomain,
  waits: RoomWaits,
  again: (datasetId: number) => void,
): ImportEnds {
  const settle = database.prepare('UPDATE dataset_source SET pending = 0, attempts = 0 WHERE dataset_id = ?');
  const forgetEmpty = database.prepare(
    'DELETE FROM dataset WHERE id = ? AND images = 0 AND problems = 0 AND sample = 0',
  );
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
    failed: (progress, failure) => {
      const { datasetId } = progress;
      if (isDiskFull(failure)) {
        waits.wait(datasetId, () => {
          again(datasetId);
        });
      } else {
        tried(() => {
          // Read again when asked to, not at every start.
          settle.run(datasetId);
          forgetEmpty.run(datasetId);
        });
      }
      publish('datasets.progress', { ...progress, phase: 'failed', failure: failureData(failure) });
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
