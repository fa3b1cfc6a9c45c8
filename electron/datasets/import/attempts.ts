import type { LibraryDatabase } from '../../library/database.ts';

/** Begun so often without coming any further, reading waits until it is asked for. */
const mostAttempts = 2;

/**
 * How often reading a data set began and came no further, because the program ended in the midst of it: what makes it hang
 * or crash once would do so at every start.
 */
export interface Attempts {
  /** To be noted before anything is read. */
  readonly begin: (datasetId: number) => void;
  /** It came further, or ended as it should. */
  readonly clear: (datasetId: number) => void;
  /** Data sets that are still to be read: those to go on with, and those given up, which are noted as a problem. */
  readonly pending: () => readonly number[];
}

export function createAttempts(database: LibraryDatabase): Attempts {
  const begin = database.prepare(
    'UPDATE dataset_source SET attempts = attempts + 1 WHERE dataset_id = ? AND pending = 1',
  );
  const clear = database.prepare(
    'UPDATE dataset_source SET attempts = 0 WHERE dataset_id = ? AND attempts > 0',
  );
  const pending = database.prepare<[], { dataset_id: number; attempts: number }>(
    'SELECT dataset_id, max(attempts) AS attempts FROM dataset_source WHERE pending = 1 GROUP BY dataset_id',
  );
  const note = database.prepare(
    `INSERT INTO dataset_problem (dataset_id, source_id, file, code, message, hint)
     SELECT dataset_id, id, root, 'import-interrupted',
       'Screenfold ended twice while it was reading ' || root || ', and does not read it again by itself.',
       'Read the folder again. If Screenfold ends again, move what is new in the folder elsewhere, and report it.'
     FROM dataset_source WHERE dataset_id = ? AND pending = 1 ON CONFLICT DO NOTHING`,
  );
  const giveUp = database.prepare('UPDATE dataset_source SET pending = 0, attempts = 0 WHERE dataset_id = ?');
  return {
    begin: (datasetId) => {
      begin.run(datasetId);
    },
    clear: (datasetId) => {
      clear.run(datasetId);
    },
    pending: database.transaction(() => {
      const rows = pending.all();
      for (const { dataset_id: datasetId, attempts } of rows) {
        if (attempts < mostAttempts) continue;
        note.run(datasetId);
        giveUp.run(datasetId);
      }
      return rows.filter(({ attempts }) => attempts < mostAttempts).map((row) => row.dataset_id);
    }),
  };
}
