import { mkdirSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';

import Database from 'better-sqlite3';

import { Failure, messageOf } from '../../native/failure.ts';
import { isDiskFull } from '../../native/files/storage-failure.ts';
import { addMigrationFunctions } from './migration-functions.ts';
import { migrations } from './migrations.ts';

export type LibraryDatabase = Database.Database;

/**
 * Opens the library's database and brings it to the newest schema, in one transaction. Write-ahead logging with full
 * synchronisation: what a command has answered survives a kill and a power cut.
 * @param file path, or `:memory:`
 * @throws Failure `library-newer`: written by a later Screenfold; `library-damaged`: SQLite cannot read it; those of
 *   `libraryFailure`
 */
export function openDatabase(file: string): LibraryDatabase {
  let database: LibraryDatabase | null = null;
  try {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
    database = new Database(file);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma('busy_timeout = 5000');
    // 64 MiB: the indexes of some hundred thousand images.
    database.pragma('cache_size = -65536');
    database.pragma('temp_store = MEMORY');
    addMigrationFunctions(database);
    migrate(database, file);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof Failure) throw error;
    const ofFolder = libraryFailure(dirname(file), error);
    if (ofFolder !== null) throw ofFolder;
    throw new Failure(
      'library-damaged',
      `The library's database ${file} cannot be opened: ${messageOf(error)}`,
      'Restore it from a backup, or choose another library folder.',
      error,
    );
  }
}

/** SQLite's codes where it may not write, or the disk does not let it. */
const notUsable = /^(EACCES|EPERM|EROFS|ENOTDIR|EEXIST|EIO|SQLITE_(CANTOPEN|READONLY|IOERR|PERM|AUTH)\w*)$/;

/**
 * Why a library's folder cannot be used: `disk-full`, or `library-unusable` where it may not be written to. Null where it
 * is something else, such as what is in it.
 */
export function libraryFailure(folder: string, error: unknown): Failure | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const told = notUsable.test(code);
  if (isDiskFull(error) || (told && hasNoRoom(folder))) {
    return new Failure(
      'disk-full',
      `The disk of the library ${folder} is full, so that it cannot be opened.`,
      'Free some space on it and open Screenfold again; nothing in the library is damaged.',
      error,
    );
  }
  if (!told) return null;
  return new Failure(
    'library-unusable',
    `The library folder ${folder} cannot be used: ${error instanceof Error ? error.message : code}`,
    'Check that you may write to it and that its drive is connected, or choose another with --library.',
    error,
  );
}

/** SQLite says of files that could not be made or grown for want of room at times only that it cannot open them. */
function hasNoRoom(folder: string): boolean {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(folder);
    return bavail * bsize < 256 * 1024 || (files > 0 && ffree === 0);
  } catch {
    return false;
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
  // A library that is up to date is opened without writing: there may be no room to.
  if (version === migrations.length) return;
  database.transaction(() => {
    for (const sql of migrations.slice(version)) database.exec(sql);
    database.pragma(`user_version = ${migrations.length}`);
  })();
}
