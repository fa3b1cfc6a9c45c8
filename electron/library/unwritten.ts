import { dirname } from 'node:path';

import type { LibraryDatabase } from './database.ts';
import { whenRoom } from './when-room.ts';

/**
 * Changes of a table's rows that must not get lost where the disk is full: they hold from now on, kept in memory until
 * they can be written.
 */
export interface Unwritten<Change extends object> {
  /** Writes a change. Gives back why it could not be written yet, for the log; null where it was. */
  readonly settle: (id: number, change: Change) => unknown;
  /** What a row is besides what the database says. */
  readonly of: (id: number) => Change | undefined;
  /** It has been written along with something newer. */
  readonly forget: (id: number) => void;
}

/** By table: several parts of the program read the same rows. */
const tables = new WeakMap<LibraryDatabase, Map<string, unknown>>();

export function unwrittenOf<Change extends object>(
  database: LibraryDatabase,
  table: string,
  write: (id: number, change: Change) => void,
): Unwritten<Change> {
  const known = tables.get(database) ?? new Map<string, unknown>();
  tables.set(database, known);
  const unwritten = (known.get(table) as Unwritten<Change> | undefined) ?? createUnwritten(database, write);
  known.set(table, unwritten);
  return unwritten;
}

function createUnwritten<Change extends object>(
  database: LibraryDatabase,
  write: (id: number, change: Change) => void,
): Unwritten<Change> {
  const kept = new Map<number, Change>();
  let waiting = false;
  const wait = () => {
    if (waiting) return;
    waiting = true;
    whenRoom(dirname(database.name), () => {
      waiting = false;
      if (!database.open) return;
      for (const id of [...kept.keys()]) attempt(id);
      if (kept.size > 0) wait();
    });
  };
  const attempt = (id: number): unknown => {
    const change = kept.get(id);
    if (change === undefined) return null;
    try {
      write(id, change);
      kept.delete(id);
      return null;
    } catch (error) {
      return error;
    }
  };
  return {
    settle: (id, change) => {
      kept.set(id, { ...kept.get(id), ...change });
      const error = attempt(id);
      if (error !== null) wait();
      return error;
    },
    of: (id) => kept.get(id),
    forget: (id) => {
      kept.delete(id);
    },
  };
}
