import { Failure } from '../../native/failure.ts';
import type { Sample } from '../contract/gallery.ts';
import type { FailureData, SamplerSettings } from '../contract/values.ts';
import type { LibraryDatabase } from '../library/database.ts';
import { libraryPathsOf } from '../library/library-paths.ts';

/** A picture as the database has it. */
export type SampleRecord = Sample & {
  /** Of the prompt bench; else of a run's comparison. */
  readonly bench: boolean;
  /** The PNG, there or to be made. */
  readonly file: string;
};

export type NewSample = Pick<
  SampleRecord,
  'runId' | 'modelId' | 'epoch' | 'bench' | 'prompt' | 'negativePrompt' | 'seed' | 'recipe' | 'file'
> & { readonly status: 'queued' | 'ready' } & Pick<SampleRecord, 'loras'>;

export interface WaitingChoice {
  /** Runs under way wait for their end. */
  readonly exceptUnderWay: boolean;
  readonly limit: number;
}

export interface SampleRecords {
  readonly find: (id: number) => SampleRecord | null;
  /** Throws Failure `sample-missing`. */
  readonly get: (id: number) => SampleRecord;
  readonly insert: (sample: NewSample, createdAt: number) => number;
  readonly setFile: (id: number, file: string) => void;
  readonly setStatus: (id: number, status: Sample['status'], failure?: FailureData | null) => void;
  /** Those of them that wait or are being made are not to be made. */
  readonly cancel: (samples: readonly SampleRecord[]) => void;
  readonly setFavourite: (id: number, favourite: boolean) => void;
  /** What waits to be made, the prompt bench's first. */
  readonly waiting: (choice: WaitingChoice) => readonly SampleRecord[];
  /** Of a run's comparison. */
  readonly ofRun: (runId: number) => readonly SampleRecord[];
  /** Of the prompt bench that were made from a run's weights. */
  readonly benchOfRun: (runId: number) => readonly SampleRecord[];
  readonly bench: (
    offset: number,
    limit: number,
  ) => { readonly total: number; readonly samples: readonly SampleRecord[] };
  readonly favourites: () => readonly SampleRecord[];
  readonly making: () => readonly SampleRecord[];
  readonly remove: (id: number) => void;
  readonly counts: () => { readonly queued: number; readonly making: number };
}

interface Row {
  readonly id: number;
  readonly run_id: number | null;
  readonly model_id: number | null;
  readonly epoch: number | null;
  readonly bench: number;
  readonly prompt: string;
  readonly negative_prompt: string;
  readonly seed: number;
  readonly recipe: string;
  readonly loras: string;
  readonly file: string;
  readonly status: string;
  readonly failure: string | null;
  readonly favourite: number;
  readonly created_at: number;
}

const underWay = "('preparing', 'training', 'stopping')";

export function createSampleRecords(database: LibraryDatabase): SampleRecords {
  const select = (rest: string) => database.prepare<(number | string)[], Row>(`SELECT * FROM sample ${rest}`);
  const one = select('WHERE id = ?');
  const waiting = select("WHERE status = 'queued' ORDER BY bench DESC, id LIMIT ?");
  const waitingAfterwards = select(
    `WHERE status = 'queued' AND (bench = 1 OR run_id NOT IN (SELECT id FROM run WHERE status IN ${underWay}))
     ORDER BY bench DESC, id LIMIT ?`,
  );
  const ofRun = select('WHERE run_id = ? AND bench = 0 ORDER BY epoch, id');
  const benchOfRun = select('WHERE run_id = ? AND bench = 1');
  const bench = select('WHERE bench = 1 ORDER BY id DESC LIMIT ? OFFSET ?');
  const favourites = select('WHERE favourite = 1 ORDER BY id DESC');
  const making = select("WHERE status = 'making'");
  const count = (where: string) =>
    database.prepare<[], number>(`SELECT count(*) FROM sample WHERE ${where}`).pluck();
  const [ofBench, queuedCount, makingCount] = [
    count('bench = 1'),
    count("status = 'queued'"),
    count("status = 'making'"),
  ];
  const insert = database.prepare(
    `INSERT INTO sample (run_id, model_id, epoch, bench, prompt, negative_prompt, seed, recipe, loras, file, status,
       created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const setFile = database.prepare('UPDATE sample SET file = ? WHERE id = ?');
  const setStatus = database.prepare('UPDATE sample SET status = ?, failure = ? WHERE id = ?');
  const setFavourite = database.prepare('UPDATE sample SET favourite = ? WHERE id = ?');
  const remove = database.prepare('DELETE FROM sample WHERE id = ?');
  const paths = libraryPathsOf(database);
  const recordOf = (row: Row) => ({ ...fieldsOf(row), file: paths.absolute(row.file) });
  const find = (id: number) => {
    const row = one.get(id);
    return row === undefined ? null : recordOf(row);
  };
  return {
    find,
    get: (id) => {
      const record = find(id);
      if (record !== null) return record;
      throw new Failure('sample-missing', 'This picture is no longer in the library.', 'Choose another.');
    },
    insert: (sample, createdAt) => {
      const { runId, modelId, epoch, prompt, negativePrompt, seed, recipe, loras, file, status } = sample;
      const { lastInsertRowid } = insert.run(
        runId,
        modelId,
        epoch,
        sample.bench ? 1 : 0,
        prompt,
        negativePrompt,
        seed,
        JSON.stringify(recipe),
        JSON.stringify(loras ?? []),
        paths.stored(file),
        status,
        createdAt,
      );
      return Number(lastInsertRowid);
    },
    setFile: (id, file) => {
      setFile.run(paths.stored(file), id);
    },
    setStatus: (id, status, failure = null) => {
      setStatus.run(status, failure === null ? null : JSON.stringify(failure), id);
    },
    cancel: (samples) => {
      for (const { id, status } of samples) {
        if (status === 'queued' || status === 'making') setStatus.run('cancelled', null, id);
      }
    },
    setFavourite: (id, favourite) => {
      setFavourite.run(favourite ? 1 : 0, id);
    },
    waiting: ({ exceptUnderWay, limit }) =>
      (exceptUnderWay ? waitingAfterwards : waiting).all(limit).map(recordOf),
    ofRun: (runId) => ofRun.all(runId).map(recordOf),
    benchOfRun: (runId) => benchOfRun.all(runId).map(recordOf),
    bench: (offset, limit) => ({ total: ofBench.get()!, samples: bench.all(limit, offset).map(recordOf) }),
    favourites: () => favourites.all().map(recordOf),
    making: () => making.all().map(recordOf),
    remove: (id) => {
      remove.run(id);
    },
    counts: () => ({ queued: queuedCount.get()!, making: makingCount.get()! }),
  };
}

function fieldsOf(row: Row): SampleRecord {
  return {
    id: row.id,
    runId: row.run_id,
    modelId: row.model_id,
    epoch: row.epoch,
    bench: row.bench === 1,
    prompt: row.prompt,
    negativePrompt: row.negative_prompt,
    seed: row.seed,
    recipe: JSON.parse(row.recipe) as SamplerSettings,
    ...(row.loras !== '[]' && { loras: JSON.parse(row.loras) as NonNullable<Sample['loras']> }),
    file: row.file,
    status: row.status as Sample['status'],
    failure: row.failure === null ? null : (JSON.parse(row.failure) as FailureData),
    favourite: row.favourite === 1,
    createdAt: row.created_at,
  };
}

/** As pages see it: by id, never by path. */
export function sampleOf({ bench: _bench, file: _file, ...sample }: SampleRecord): Sample {
  return sample;
}
