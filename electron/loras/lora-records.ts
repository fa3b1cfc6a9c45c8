import type { LoraFacts } from '../../native/facts/lora-facts.ts';
import { Failure } from '../../native/failure.ts';
import type { Lora } from '../contract/loras.ts';
import type { LibraryDatabase } from '../library/database.ts';
import { libraryPathsOf } from '../library/library-paths.ts';

/** A LoRA as the database has it; whether its file is still there is looked at when asked. */
export type LoraRecord = Omit<Lora, 'missing'>;

export interface LoraRecords {
  /** Newest first. */
  readonly all: () => readonly LoraRecord[];
  /** Throws Failure `lora-missing`. */
  readonly get: (id: number) => LoraRecord;
  readonly findByPath: (path: string) => LoraRecord | null;
  readonly insert: (
    lora: Pick<LoraRecord, 'name' | 'path' | 'bytes' | 'createdAt'> & { readonly facts: LoraFacts },
  ) => number;
  readonly rename: (id: number, name: string) => void;
  readonly remove: (id: number) => void;
}

interface Row {
  readonly id: number;
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly facts: string;
  readonly created_at: number;
}

export function createLoraRecords(database: LibraryDatabase): LoraRecords {
  const select = (rest: string) => database.prepare<(number | string)[], Row>(`SELECT * FROM lora ${rest}`);
  const [all, one, byPath] = [select('ORDER BY id DESC'), select('WHERE id = ?'), select('WHERE path = ?')];
  const insert = database.prepare(
    'INSERT INTO lora (name, path, bytes, facts, created_at) VALUES (?, ?, ?, ?, ?)',
  );
  const rename = database.prepare('UPDATE lora SET name = ? WHERE id = ?');
  const remove = database.prepare('DELETE FROM lora WHERE id = ?');
  const paths = libraryPathsOf(database);
  const recordOf = ({ id, name, path, bytes, facts, created_at: createdAt }: Row): LoraRecord => {
    const { title: _title, ...known } = JSON.parse(facts) as Omit<LoraRecord, 'id'> & { title: unknown };
    return { ...known, id, name, path: paths.absolute(path), bytes, createdAt };
  };
  const found = (row: Row | undefined) => (row === undefined ? null : recordOf(row));
  return {
    all: () => all.all().map(recordOf),
    get: (id) => {
      const record = found(one.get(id));
      if (record !== null) return record;
      throw new Failure('lora-missing', 'This LoRA is no longer in the library.', 'Choose another one.');
    },
    findByPath: (path) => found(byPath.get(paths.stored(path))),
    insert: ({ name, path, bytes, facts, createdAt }) =>
      Number(insert.run(name, paths.stored(path), bytes, JSON.stringify(facts), createdAt).lastInsertRowid),
    rename: (id, name) => {
      rename.run(name, id);
    },
    remove: (id) => {
      remove.run(id);
    },
  };
}
