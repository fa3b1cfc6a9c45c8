import { isDeepStrictEqual } from 'node:util';

import { withOptimizer } from '../../native/facts/optimizers.ts';
import { Failure } from '../../native/failure.ts';
import { removePartialWrites } from '../../native/files/atomic-file.ts';
import type { TrainJob, TrainResult } from '../../native/jobs.ts';
import { withImagesAtOnce } from './images-at-once.ts';
import {
  createRun,
  hasBegun,
  isRunFolder,
  readOutcome,
  readRun,
  replaceRun,
  rewriteRun,
  type Run,
  writeOutcome,
} from './run-folder.ts';
import { type LockOptions, lockRun } from './run-lock.ts';

/**
 * Makes the run's folder, or takes up the one that is there if it asks for the same and has not finished, with as many images at
 * once as this call asks for. One that asks for something else and never got to train is replaced.
 * Throws `run-finished` or `run-differs` rather than touch another's work, `run-busy` where it may just be beginning.
 */
export async function openRun(planned: Run): Promise<{ readonly run: Run; readonly resumed: boolean }> {
  const { folder } = planned;
  if (!(await isRunFolder(folder))) {
    await createRun(planned);
    return { run: await readRun(folder), resumed: false };
  }
  const there = await readRun(folder);
  await refuseFinished(folder);
  if (isSameWork(there.job, planned.job)) {
    const { imagesAtOnce } = planned.job.settings;
    if (imagesAtOnce === undefined || imagesAtOnce === there.job.settings.imagesAtOnce)
      return { run: there, resumed: true };
    const changed = withImagesAtOnce(there, imagesAtOnce);
    const release = await lockRun(folder);
    await rewriteRun(changed).finally(release);
    return { run: changed, resumed: true };
  }
  if (await hasBegun(folder)) {
    throw new Failure(
      'run-differs',
      `${folder} holds an unfinished run with other settings.`,
      `Resume that one with \`screenfold resume ${folder}\`, or give this one another --name or --out.`,
    );
  }
  const release = await lockRun(folder, { patienceSeconds: 0 });
  await replaceRun(planned).finally(release);
  return { run: await readRun(folder), resumed: false };
}

export async function refuseFinished(folder: string): Promise<void> {
  if ((await readOutcome(folder))?.end !== 'finished') return;
  throw new Failure(
    'run-finished',
    `The run in ${folder} has finished; nothing was changed.`,
    `Train it on with \`screenfold resume ${folder} --epochs <number>\`, or train again with another --name or --out.`,
  );
}

/**
 * The device decides how fast, how many images are computed at once how much memory it takes, and the data set's folder may be
 * reached by another path: none of them is the work. A run from before jobs named their optimizer asks for the same as one that
 * names AdamW.
 */
function isSameWork(a: TrainJob, b: TrainJob): boolean {
  const work = ({ device: _device, cacheFolder: _cacheFolder, settings, ...rest }: TrainJob) => {
    const { imagesAtOnce: _atOnce, ...others } = withOptimizer(settings);
    return JSON.parse(JSON.stringify({ ...rest, settings: others })) as unknown;
  };
  return isDeepStrictEqual(work(a), work(b));
}

export interface TrainRunOptions extends LockOptions {
  /** Runs the job on an engine. */
  readonly runJob: (job: TrainJob) => Promise<TrainResult>;
}

/** Trains a run, or trains on where it stopped, alone on its folder, and writes down how it ended. */
export async function trainRun({ folder, job }: Run, options: TrainRunOptions): Promise<TrainResult> {
  const release = await lockRun(folder, options);
  try {
    // Of whoever trained it before and was killed.
    await removePartialWrites(folder);
    const result = await options.runJob(job);
    const { kind: _kind, ...outcome } = result;
    await writeOutcome(folder, outcome);
    return result;
  } finally {
    release();
  }
}
