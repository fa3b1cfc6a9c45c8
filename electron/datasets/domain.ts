import { Failure } from '../../native/failure.ts';
import type { Subject } from '../contract/values.ts';
import type { LibraryDatabase } from '../library/database.ts';
import type { DomainContext } from '../library/library.ts';

/** What the parts of this domain share: the database, and who is told when something changed. */
export interface DatasetDomain extends DomainContext {
  readonly database: LibraryDatabase;
  /**
   * Goes up with every change of a data set's images or captions: what was computed from them holds as long as it is the
   * same.
   */
  readonly revision: (datasetId: number) => number;
  /** Says that a data set changed, after the change is in the database. */
  readonly changed: (datasetId: number, ...subjects: readonly Subject[]) => void;
}

export function openDomain(context: DomainContext): DatasetDomain {
  const revisions = new Map<number, number>();
  return {
    ...context,
    database: context.library.database,
    revision: (datasetId) => revisions.get(datasetId) ?? 0,
    changed: (datasetId, ...subjects) => {
      revisions.set(datasetId, (revisions.get(datasetId) ?? 0) + 1);
      context.publish('changed', { subjects: [...subjects], datasetId });
    },
  };
}

/** @throws Failure `dataset-unknown` */
export function requireDataset({ database }: Pick<DatasetDomain, 'database'>, datasetId: number): void {
  if (database.prepare('SELECT 1 FROM dataset WHERE id = ?').get(datasetId) === undefined) {
    throw unknownDataset();
  }
}

export function unknownDataset(): Failure {
  return new Failure(
    'dataset-unknown',
    'There is no such data set.',
    'It may have been removed; choose another.',
  );
}

export function unknownCaptionSet(): Failure {
  return new Failure(
    'caption-set-unknown',
    'There is no such caption set.',
    'It may have been removed; choose another.',
  );
}

export function unknownImage(): Failure {
  return new Failure('image-unknown', 'There is no such image.', 'It may have been removed; choose another.');
}
