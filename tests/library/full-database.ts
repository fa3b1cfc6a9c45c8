import Database from 'better-sqlite3';

import type { LibraryDatabase } from '../../electron/library/database.ts';

/** The disk under a database, as SQLite tells of it. */
export interface DatabaseDisk {
  /** From now on nothing can be written. */
  readonly fill: () => void;
  readonly free: () => void;
}

/** Has every change of a database's tables fail as on a full disk, when that is wanted. */
export function diskUnder(database: LibraryDatabase): DatabaseDisk {
  let full = false;
  database.function('room', { deterministic: false }, () => {
    if (full) throw new Database.SqliteError('database or disk is full', 'SQLITE_FULL');
    return 1;
  });
  const tables = database
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all();
  for (const table of tables) {
    for (const change of ['INSERT', 'UPDATE', 'DELETE']) {
      database.exec(
        `CREATE TEMP TRIGGER full_${table}_${change} BEFORE ${change} ON "${table}" BEGIN SELECT room(); END`,
      );
    }
  }
  return {
    fill: () => {
      full = true;
    },
    free: () => {
      full = false;
    },
  };
}
