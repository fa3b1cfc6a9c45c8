import { usualLoss, usualNoise } from '../../native/facts/losses.ts';
import { usualMasks } from '../../native/facts/masks.ts';
import { withOptimizer } from '../../native/facts/optimizers.ts';
import { Failure } from '../../native/failure.ts';
import type { RunPlan, RunRequest, RunStatus } from '../contract/runs.ts';
import type { FailureData, PromptData } from '../contract/values.ts';
import type { LibraryDatabase } from '../library/database.ts';
import { libraryPathsOf } from '../library/library-paths.ts';
import { unwrittenOf } from '../library/unwritten.ts';
import { withRequestPaths } from './request-paths.ts';

/** A run as the library's database has it; the work itself lies in its folder. */
export interface RunRecord {
  readonly id: number;
  readonly name: string;
  readonly status: RunStatus;
  /** Smaller is sooner; null unless queued. */
  readonly queueOrder: number | null;
  readonly datasetId: number | null;
  readonly datasetName: string;
  readonly captionSetName: string;
  readonly baseModelId: number | null;
  readonly baseName: string;
  readonly method: RunRequest['method']['kind'];
  readonly request: RunRequest;
  readonly plan: RunPlan;
  readonly folder: string;
  readonly prompts: readonly PromptData[];
  readonly seeds: readonly number[];
  readonly epochs: number;
  readonly epoch: number;
  readonly step: number;
  readonly steps: number;
  readonly trainLoss: number | null;
  readonly validationLoss: number | null;
  readonly failure: FailureData | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

export interface LedgerEntry {
  readonly epoch: number;
  readonly seconds: number;
  readonly images: number;
}

type Progressed = 'queueOrder' | 'epoch' | 'step' | 'trainLoss' | 'validationLoss' | 'failure';
export type NewRun = Omit<RunRecord, 'id' | Progressed | 'startedAt' | 'endedAt'>;
export type RunChange = Partial<
  Pick<
    RunRecord,
    | Progressed
    | 'name'
    | 'status'
    | 'folder'
    | 'prompts'
    | 'seeds'
    | 'startedAt'
    | 'endedAt'
    | 'request'
    | 'plan'
    | 'epochs'
    | 'steps'
  >
>;

export interface RunRecords {
  /** Newest first. */
  readonly all: () => readonly RunRecord[];
  /** Throws Failure `run-missing`. */
  readonly get: (id: number) => RunRecord;
  readonly find: (id: number) => RunRecord | null;
  readonly insert: (run: NewRun) => number;
  readonly change: (id: number, change: RunChange) => void;
  /**
   * As `change`, for what holds whether or not there is room to write it down: how a run ended. Gives back why it could
   * not be written yet; it is, as soon as there is room.
   */
  readonly settle: (id: number, change: RunChange) => unknown;
  readonly remove: (id: number) => void;
  /** Ids, the next first. */
  readonly queue: () => readonly number[];
  /** Puts ids into the queue in this order, before or after those there. */
  readonly enqueue: (ids: readonly number[], where: 'front' | 'end') => void;
  readonly reorder: (ids: readonly number[]) => void;
  readonly checkpoints: (id: number) => readonly number[];
  readonly addCheckpoint: (id: number, epoch: number) => void;
  readonly ledger: (id: number) => readonly LedgerEntry[];
  readonly spend: (id: number, entry: LedgerEntry) => void;
  readonly secondsSpent: (id: number) => number;
}

type Row = Readonly<Record<string, string | number | null>>;
const json = new Set<string>(['request', 'plan', 'prompts', 'seeds', 'failure']);

export function createRunRecords(database: LibraryDatabase): RunRecords {
  const { stored, absolute } = libraryPathsOf(database);
  const columnsOf = (run: RunChange) =>
    fieldsAsColumns({
      ...run,
      ...(run.folder !== undefined && { folder: stored(run.folder) }),
      ...(run.request !== undefined && { request: withRequestPaths(run.request, stored) }),
    });
  const all = database.prepare<[], Row>('SELECT * FROM run ORDER BY id DESC');
  const one = database.prepare<[number], Row>('SELECT * FROM run WHERE id = ?');
  const queue = database
    .prepare<[], number>(
      "SELECT id FROM run WHERE status = 'queued' AND queue_order IS NOT NULL ORDER BY queue_order, id",
    )
    .pluck();
  const order = database.prepare('UPDATE run SET queue_order = ? WHERE id = ?');
  const checkpoints = database
    .prepare<[number], number>('SELECT epoch FROM checkpoint WHERE run_id = ? ORDER BY epoch')
    .pluck();
  const addCheckpoint = database.prepare('INSERT OR IGNORE INTO checkpoint (run_id, epoch) VALUES (?, ?)');
  const ledger = database.prepare<[number], LedgerEntry>(
    'SELECT epoch, seconds, images FROM ledger WHERE run_id = ? ORDER BY epoch',
  );
  const spend = database.prepare(
    `INSERT INTO ledger (run_id, epoch, seconds, images) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET seconds = seconds + excluded.seconds, images = images + excluded.images`,
  );
  const spent = database
    .prepare<[number], number>('SELECT total(seconds) FROM ledger WHERE run_id = ?')
    .pluck();
  const write = (id: number, change: RunChange) => {
    const entries = columnsOf(change);
    if (entries.length === 0) return;
    database
      .prepare(`UPDATE run SET ${entries.map(([name]) => `${name} = ?`).join(', ')} WHERE id = ?`)
      .run(...entries.map(([, value]) => value), id);
  };
  const unwritten = unwrittenOf(database, 'run', write);
  const known = (row: Row): RunRecord => {
    const record = recordOf(row);
    return {
      ...record,
      folder: absolute(record.folder),
      request: withRequestPaths(record.request, absolute),
      ...unwritten.of(record.id),
    };
  };
  const find = (id: number): RunRecord | null => {
    const row = one.get(id);
    return row === undefined ? null : known(row);
  };
  const reorder = database.transaction((ids: readonly number[]) => {
    ids.forEach((id, index) => order.run(index + 1, id));
  });
  return {
    all: () => all.all().map(known),
    find,
    get: (id) => {
      const record = find(id);
      if (record !== null) return record;
      throw new Failure('run-missing', 'This run is no longer in the library.', 'Choose another run.');
    },
    insert: (run) => {
      const entries = columnsOf(run);
      const names = entries.map(([name]) => name);
      const { lastInsertRowid } = database
        .prepare(`INSERT INTO run (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`)
        .run(...entries.map(([, value]) => value));
      return Number(lastInsertRowid);
    },
    change: (id, change) => {
      write(id, { ...unwritten.of(id), ...change });
      unwritten.forget(id);
    },
    settle: unwritten.settle,
    remove: (id) => {
      unwritten.forget(id);
      database.prepare('DELETE FROM run WHERE id = ?').run(id);
    },
    // What has ended without room to write it down is not begun again.
    queue: () => queue.all().filter((id) => (unwritten.of(id)?.status ?? 'queued') === 'queued'),
    enqueue: (ids, where) => {
      const waiting = queue.all().filter((id) => !ids.includes(id));
      reorder(where === 'front' ? [...ids, ...waiting] : [...waiting, ...ids]);
    },
    reorder,
    checkpoints: (id) => checkpoints.all(id),
    addCheckpoint: (id, epoch) => {
      addCheckpoint.run(id, epoch);
    },
    ledger: (id) => ledger.all(id),
    spend: (id, { epoch, seconds, images }) => {
      spend.run(id, epoch, seconds, images);
    },
    secondsSpent: (id) => spent.get(id) ?? 0,
  };
}

/** What requests did not name yet. */
const usualTraining = { patience: 0, loss: usualLoss, noise: usualNoise, masks: usualMasks };
const usualOfOlder = { shares: ['all' as const], moreBaseIds: [], prior: null };

/** Columns are named as fields are, in the database's spelling. */
function fieldsAsColumns(
  fields: object,
): readonly (readonly [name: string, value: string | number | null])[] {
  return Object.entries(fields).map(([field, value]) => {
    const name = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return [
      name,
      json.has(name) && value !== null ? JSON.stringify(value) : (value as string | number | null),
    ];
  });
}

function recordOf(row: Row): RunRecord {
  const fields = Object.entries(row).map(([name, value]): [string, unknown] => [
    name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    json.has(name) && typeof value === 'string' ? JSON.parse(value) : value,
  ]);
  const record = Object.fromEntries(fields) as unknown as RunRecord;
  const { request } = record;
  // Requests of older versions lie in libraries as they were written.
  const train = withOptimizer({ ...usualTraining, ...request.train });
  return { ...record, request: { ...usualOfOlder, ...request, train } };
}
