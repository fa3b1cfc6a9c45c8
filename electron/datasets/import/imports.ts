import { Failure } from '../../../native/failure.ts';
import type { ImportProgress } from '../../contract/datasets.ts';
import type { DatasetDomain } from '../domain.ts';
import type { Thumbnails } from '../images/thumbnails.ts';
import { runImport } from './import-job.ts';

/** Reading of data sets in the background, one after the other. */
export interface Imports {
  /** Reads the data set's pending sources, as soon as it is its turn. */
  readonly start: (datasetId: number) => void;
  /** Stops reading and leaves what has been read. Resolves once nothing more is written. */
  readonly cancel: (datasetId: number) => Promise<void>;
  readonly isRunning: (datasetId: number) => boolean;
  /** Resolves when nothing is being read. */
  readonly settled: () => Promise<void>;
  /** Stops, to be continued when the library is opened next. */
  readonly close: () => Promise<void>;
}

interface Job {
  readonly stop: AbortController;
  /** There is more to read than when it began. */
  again: boolean;
  cancelled: boolean;
  done: Promise<void>;
  progress: ImportProgress;
}

/** Goes on with what was interrupted when the library was last open. */
export function createImports(
  domain: DatasetDomain,
  thumbnails: Promise<Thumbnails>,
  concurrency?: number,
): Imports {
  const { database, publish, log } = domain;
  const jobs = new Map<number, Job>();
  const settle = database.prepare('UPDATE dataset_source SET pending = 0 WHERE dataset_id = ?');
  const forgetEmpty = database.prepare(
    'DELETE FROM dataset WHERE id = ? AND images = 0 AND problems = 0 AND sample = 0',
  );
  let queue = Promise.resolve();
  let closing = false;

  const ended = (job: Job, phase: 'cancelled' | 'failed', failure: Failure | null): void => {
    const { datasetId } = job.progress;
    // Read again when asked to, not at every start.
    settle.run(datasetId);
    if (failure !== null) forgetEmpty.run(datasetId);
    const told =
      failure === null ? null : { code: failure.code, message: failure.message, hint: failure.hint };
    publish('datasets.progress', { ...job.progress, phase, failure: told });
  };

  async function run(job: Job): Promise<void> {
    const { datasetId } = job.progress;
    const { signal } = job.stop;
    const onProgress = (progress: ImportProgress) => {
      job.progress = progress;
      publish('datasets.progress', progress);
    };
    try {
      while (job.again && !signal.aborted) {
        job.again = false;
        const ready = await thumbnails;
        await runImport({
          ...{ domain, datasetId, signal, onProgress, thumbnails: ready },
          ...(concurrency === undefined ? {} : { concurrency }),
        });
      }
    } catch (error) {
      const failure = error instanceof Failure ? error : unexpected(error);
      log.error(failure.message, error);
      if (!closing) ended(job, 'failed', failure);
    } finally {
      jobs.delete(datasetId);
    }
    if (closing) return;
    if (job.cancelled) ended(job, 'cancelled', null);
    domain.changed(datasetId, 'datasets', 'images', 'captions');
  }

  const start = (datasetId: number): void => {
    if (closing) return;
    const under = jobs.get(datasetId);
    if (under !== undefined) {
      under.again = true;
      return;
    }
    const progress: ImportProgress = {
      ...{ datasetId, phase: 'looking', done: 0, total: 0, problems: 0, imagesPerSecond: 0 },
      failure: null,
    };
    const stop = new AbortController();
    const job: Job = { stop, again: true, cancelled: false, done: queue, progress };
    jobs.set(datasetId, job);
    job.done = queue.then(() => run(job));
    queue = job.done;
  };

  const pending = database
    .prepare<[], number>('SELECT DISTINCT dataset_id FROM dataset_source WHERE pending = 1')
    .pluck()
    .all();
  for (const datasetId of pending) start(datasetId);

  return {
    start,
    cancel: async (datasetId) => {
      const job = jobs.get(datasetId);
      if (job === undefined) return;
      job.cancelled = true;
      job.stop.abort();
      await job.done;
    },
    isRunning: (datasetId) => jobs.has(datasetId),
    settled: () => queue,
    close: async () => {
      closing = true;
      for (const { stop } of jobs.values()) stop.abort();
      await queue;
    },
  };
}

function unexpected(error: unknown): Failure {
  return new Failure(
    'import-failed',
    `Reading the images stopped: ${error instanceof Error ? error.message : String(error)}`,
    'What has been read is kept. Read the folder again; the log has the details.',
    error,
  );
}
