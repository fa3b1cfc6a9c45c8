import type { ImportProgress } from '../../contract/datasets.ts';
import { createRoomWaits } from '../../library/room-waits.ts';
import type { DatasetDomain } from '../domain.ts';
import type { PictureReader } from '../files/picture-reader.ts';
import type { Thumbnails } from '../images/thumbnails.ts';
import { type Attempts, createAttempts } from './attempts.ts';
import { createImportEnds, importFailure } from './import-ends.ts';
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
  pictures: PictureReader,
  concurrency?: number,
): Imports {
  const waits = createRoomWaits(domain.library.folder);
  const jobs = new Map<number, Job>();
  const attempts = createAttempts(domain.database);
  let queue = Promise.resolve();
  let closing = false;

  const ends = createImportEnds(domain, waits, (datasetId) => {
    start(datasetId);
  });

  async function run(job: Job): Promise<void> {
    const { datasetId } = job.progress;
    try {
      await readPending(job, { domain, thumbnails, pictures, concurrency }, attempts);
    } catch (error) {
      const failure = importFailure(error);
      domain.log.error(failure.message, error);
      if (!closing) await ends.failed(job.progress, failure);
    } finally {
      ends.tried(() => {
        attempts.clear(datasetId);
      });
      jobs.delete(datasetId);
    }
    if (closing) return;
    if (job.cancelled) ends.cancelled(job.progress);
    domain.changed(datasetId, 'datasets', 'images', 'captions');
  }

  const start = (datasetId: number): void => {
    if (closing) return;
    waits.stop(datasetId);
    const under = jobs.get(datasetId);
    if (under !== undefined) {
      under.again = true;
      return;
    }
    const job = newJob(datasetId, queue);
    jobs.set(datasetId, job);
    job.done = queue.then(() => run(job));
    queue = job.done;
  };

  for (const datasetId of attempts.pending()) start(datasetId);

  return {
    start,
    cancel: async (datasetId) => {
      waits.stop(datasetId);
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
      waits.stopAll();
      for (const { stop } of jobs.values()) stop.abort();
      await queue;
    },
  };
}

interface ReadingDeps {
  readonly domain: DatasetDomain;
  readonly thumbnails: Promise<Thumbnails>;
  readonly pictures: PictureReader;
  readonly concurrency: number | undefined;
}

/** Reads what is pending of a data set, and what has come meanwhile. */
async function readPending(
  job: Job,
  { domain, thumbnails, pictures, concurrency }: ReadingDeps,
  attempts: Attempts,
): Promise<void> {
  const { datasetId } = job.progress;
  const { signal } = job.stop;
  const onProgress = (progress: ImportProgress) => {
    job.progress = progress;
    domain.publish('datasets.progress', progress);
  };
  while (job.again && !signal.aborted) {
    job.again = false;
    attempts.begin(datasetId);
    const ready = await thumbnails;
    await runImport({
      onFurther: () => {
        attempts.clear(datasetId);
      },
      ...{ domain, datasetId, signal, onProgress, pictures, thumbnails: ready },
      ...(concurrency === undefined ? {} : { concurrency }),
    });
  }
}

function newJob(datasetId: number, done: Promise<void>): Job {
  const progress: ImportProgress = {
    ...{ datasetId, phase: 'looking', done: 0, total: 0, problems: 0, imagesPerSecond: 0 },
    failure: null,
  };
  return { stop: new AbortController(), again: true, cancelled: false, done, progress };
}
