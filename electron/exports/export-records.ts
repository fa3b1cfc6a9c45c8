import { Failure } from '../../native/failure.ts';
import type { Export } from '../contract/exports.ts';
import type { FailureData } from '../contract/values.ts';
import type { LibraryDatabase } from '../library/database.ts';
import { libraryPathsOf } from '../library/library-paths.ts';
import { unwrittenOf } from '../library/unwritten.ts';

export interface ExportRecords {
  readonly all: () => readonly Export[];
  /** Throws Failure `export-missing`. */
  readonly get: (id: number) => Export;
  readonly find: (id: number) => Export | null;
  readonly insert: (entry: Omit<Export, 'id' | 'status' | 'failure' | 'bytes'>) => number;
  /**
   * Holds whether or not there is room to write it down. Gives back why it could not be written yet; it is, as soon as there
   * is room.
   */
  readonly end: (id: number, end: { readonly bytes: number } | { readonly failure: FailureData }) => unknown;
  readonly remove: (id: number) => void;
  readonly running: () => readonly Export[];
}

type ExportEnd = Pick<Export, 'status' | 'bytes' | 'failure'>;

interface Row {
  readonly id: number;
  readonly kind: string;
  readonly status: string;
  readonly failure: string | null;
  readonly title: string;
  readonly path: string;
  readonly bytes: number | null;
  readonly run_id: number | null;
  readonly epoch: number | null;
  readonly created_at: number;
}

export function createExportRecords(database: LibraryDatabase): ExportRecords {
  const all = database.prepare<[], Row>('SELECT * FROM export ORDER BY id DESC');
  const one = database.prepare<[number], Row>('SELECT * FROM export WHERE id = ?');
  const insert = database.prepare(
    `INSERT INTO export (kind, status, title, path, run_id, epoch, created_at) VALUES (?, 'running', ?, ?, ?, ?, ?)`,
  );
  const end = database.prepare('UPDATE export SET status = ?, bytes = ?, failure = ? WHERE id = ?');
  const remove = database.prepare('DELETE FROM export WHERE id = ?');
  const unwritten = unwrittenOf(database, 'export', (id, { status, bytes, failure }: ExportEnd) => {
    end.run(status, bytes, failure === null ? null : JSON.stringify(failure), id);
  });
  const paths = libraryPathsOf(database);
  const known = (row: Row): Export => ({
    ...exportOf(row),
    path: paths.absolute(row.path),
    ...unwritten.of(row.id),
  });
  const find = (id: number) => {
    const row = one.get(id);
    return row === undefined ? null : known(row);
  };
  return {
    all: () => all.all().map(known),
    find,
    get: (id) => {
      const found = find(id);
      if (found !== null) return found;
      throw new Failure('export-missing', 'This export is no longer in the list.', 'Export it again.');
    },
    insert: ({ kind, title, path, runId, epoch, createdAt }) =>
      Number(insert.run(kind, title, paths.stored(path), runId, epoch, createdAt).lastInsertRowid),
    end: (id, how) =>
      unwritten.settle(
        id,
        'bytes' in how
          ? { status: 'ready', bytes: how.bytes, failure: null }
          : { status: 'failed', bytes: null, failure: how.failure },
      ),
    remove: (id) => {
      unwritten.forget(id);
      remove.run(id);
    },
    running: () =>
      all
        .all()
        .map(known)
        .filter(({ status }) => status === 'running'),
  };
}

function exportOf(row: Row): Export {
  return {
    id: row.id,
    kind: row.kind as Export['kind'],
    status: row.status as Export['status'],
    failure: row.failure === null ? null : (JSON.parse(row.failure) as FailureData),
    title: row.title,
    path: row.path,
    bytes: row.bytes,
    runId: row.run_id,
    epoch: row.epoch,
    createdAt: row.created_at,
  };
}
