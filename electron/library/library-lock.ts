import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import Database from 'better-sqlite3';

import { Failure } from '../../native/failure.ts';
import { libraryFailure } from './database.ts';

/** An open database that nothing refers to is closed by the garbage collector, and its lock with it. */
const held = new Set<Database.Database>();

/**
 * Keeps a second Screenfold out of a library: two would train the same queue. The lock is one of the operating
 * system's on an empty database, which goes with its process however that ends, so none is ever left behind.
 * @returns what gives it back
 * @throws Failure `library-in-use`, or those of `libraryFailure`
 */
export function lockLibrary(folder: string): () => void {
  let lock: Database.Database | null = null;
  try {
    mkdirSync(folder, { recursive: true });
    lock = new Database(join(folder, 'library.lock'), { timeout: 0 });
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock?.close();
    if (!(error instanceof Database.SqliteError && error.code === 'SQLITE_BUSY'))
      throw libraryFailure(folder, error) ?? error;
    throw new Failure(
      'library-in-use',
      `Another Screenfold has the library ${folder} open.`,
      'Close it first, or open another library with --library.',
      error,
    );
  }
  const taken = lock;
  held.add(taken);
  return () => {
    held.delete(taken);
    taken.close();
  };
}
