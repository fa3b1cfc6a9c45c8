import type { CaptionerKind } from '../../native/facts/captioning.ts';
import { Failure } from '../../native/failure.ts';
import type { Captioner } from '../contract/captioners.ts';
import type { LibraryDatabase } from '../library/database.ts';
import { libraryPathsOf } from '../library/library-paths.ts';

/** A captioning model as the database has it; whether its folder is still there is looked at when asked. */
export type CaptionerRecord = Omit<Captioner, 'missing' | 'downloaded'>;

export interface CaptionerRecords {
  /** Newest first. */
  readonly all: () => readonly CaptionerRecord[];
  readonly find: (id: number) => CaptionerRecord | null;
  /** Throws Failure `captioner-missing`. */
  readonly get: (id: number) => CaptionerRecord;
  /** The one in a folder; its id where it is there already. */
  readonly add: (captioner: Omit<CaptionerRecord, 'id'>) => number;
  readonly remove: (id: number) => void;
}

interface Row {
  readonly id: number;
  readonly name: string;
  readonly folder: string;
  readonly kind: CaptionerKind;
  readonly bytes: number;
  readonly created_at: number;
}

export function createCaptionerRecords(database: LibraryDatabase): CaptionerRecords {
  const all = database.prepare<[], Row>('SELECT * FROM captioner ORDER BY id DESC');
  const one = database.prepare<[number], Row>('SELECT * FROM captioner WHERE id = ?');
  const add = database
    .prepare<(string | number)[], number>(
      `INSERT INTO captioner (name, folder, kind, bytes, created_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (folder) DO UPDATE SET kind = excluded.kind, bytes = excluded.bytes RETURNING id`,
    )
    .pluck();
  const remove = database.prepare('DELETE FROM captioner WHERE id = ?');
  const paths = libraryPathsOf(database);
  const recordOf = ({ created_at: createdAt, folder, ...row }: Row): CaptionerRecord => ({
    ...row,
    folder: paths.absolute(folder),
    createdAt,
  });
  const find = (id: number) => {
    const row = one.get(id);
    return row === undefined ? null : recordOf(row);
  };
  return {
    all: () => all.all().map(recordOf),
    find,
    get: (id) => {
      const record = find(id);
      if (record !== null) return record;
      throw new Failure(
        'captioner-missing',
        'This captioning model is no longer in the library.',
        'Choose another one, or add its folder again.',
      );
    },
    add: ({ name, folder, kind, bytes, createdAt }) =>
      add.get(name, paths.stored(folder), kind, bytes, createdAt)!,
    remove: (id) => {
      remove.run(id);
    },
  };
}
