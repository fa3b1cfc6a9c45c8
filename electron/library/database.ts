import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

import Database from 'better-sqlite3';

import { Failure } from '../../native/failure.ts';
import { migrations } from './migrations.ts';
import { nameKey } from './name-key.ts';

export type LibraryDatabase = Database.Database;

/**
 * Opens the library's database and brings it to the newest schema, in one transaction. Write-ahead logging with full
 * synchronisation: what a command has answered survives a kill and a power cut.
 * @param file path, or `:memory:`
 * @throws Failure `library-newer`: written by a later Screenfold; `library-damaged`: SQLite cannot read it
 */
export function openDatabase(file: string): LibraryDatabase {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
  let database: LibraryDatabase | null = null;
  try {
    database = new Database(file);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma('busy_timeout = 5000');
    // 64 MiB: the indexes of some hundred thousand images.
    database.pragma('cache_size = -65536');
    database.pragma('temp_store = MEMORY');
    // For migrations alone: other programs, too, must be able to read and check the database.
    database.function('name_key_of', { deterministic: true }, (name) => nameKey(String(name)));
    migrate(database, file);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof Failure) throw error;
    throw new Failure(
      'library-damaged',
      `The library's database ${file} cannot be opened: ${error instanceof Error ? error.message : String(error)}`,
      'Restore it from a backup, or choose another library folder.',
      error,
    );
  }
}

function migrate(database: LibraryDatabase, file: string): void {
  const version = database.pragma('user_version', { simple: true }) as number;
  if (version > migrations.length) {
    throw new Failure(
      'library-newer',
      `The library's database ${file} was written by a later version of Screenfold.`,
      'Install the newest version, or choose another library folder.',
    );
  }
  database.transaction(() => {
    for (const sql of migrations.slice(version)) database.exec(sql);
    database.pragma(`user_version = ${migrations.length}`);
  })();
}
