import Database from 'better-sqlite3';

/** An open database that nothing refers to is closed by the garbage collector, and its lock with it. */
const held = new Set<Database.Database>();

/**
 * Takes a lock of the operating system's on a file, which is made where it is missing and stays empty. It goes with its
 * process however that ends, so none is ever left behind. It is SQLite's, since Node has none of its own.
 * @returns what gives it back; null where somebody else holds it, in this process or another
 */
export function lockFile(file: string): (() => void) | null {
  const lock = new Database(file, { timeout: 0 });
  try {
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (error instanceof Database.SqliteError && error.code === 'SQLITE_BUSY') return null;
    throw error;
  }
  held.add(lock);
  return () => {
    held.delete(lock);
    lock.close();
  };
}
