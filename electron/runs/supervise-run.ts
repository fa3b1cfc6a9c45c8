import { Failure } from '../../native/failure.ts';
import { asFailure } from '../../native/files/as-failure.ts';
import { failureData } from '../contract/failure-data.ts';
import type { RunProgress, RunStatus } from '../contract/runs.ts';
import type { Device } from '../engine/device.ts';
import type { DomainContext } from '../library/library.ts';
import { createAsFarAsPossible } from './as-far-as-possible.ts';
import { createAttempts, type Wish } from './attempts.ts';
import { type AwakeClock, createAwakeClock } from './awake-clock.ts';
import { createProgressTeller } from './progress-teller.ts';
import type { Run } from './run-folder.ts';
import { createRunKeeper, type KeeperDeps, type RunKeeper } from './run-keeper.ts';
import { openRunLog, type RunLog } from './run-log.ts';
import { createRunMeter, type RunMeter } from './run-meter.ts';
import type { RunReader } from './run-reader.ts';
import type { RunChange, RunRecord, RunRecords } from './run-records.ts';
import type { SpeedKey, Speeds } from './speeds.ts';

export interface SupervisionDeps {
  readonly context: DomainContext;
  readonly records: RunRecords;
  readonly read: RunReader;
  readonly speeds: Speeds;
  readonly speedKeyOf: (run: Run) => SpeedKey | null;
  readonly device: Device;
  /** New weights are there to make pictures of, at the beginning the base's; or there is time now. */
  readonly onPictures: (runId: number) => Promise<void>;
}

/** A run under way. */
export interface Supervision {
  readonly runId: number;
  readonly progress: () => RunProgress;
  readonly stop: (wish: Wish) => void;
  /** Resolves, never rejects, when its row says how it ended. */
  readonly ended: Promise<void>;
}

/** Trains a queued run to its end, its pause or its failure, and keeps its row up to date. */
export function superviseRun(runId: number, deps: SupervisionDeps): Supervision {
  const { context, records } = deps;
  const { publish, now } = context;
  const asFarAsPossible = createAsFarAsPossible(context.log);
  const clock = createAwakeClock(context.steady);
  let isOver = false;
  let meter: RunMeter | null = null;
  const status = () => records.get(runId).status;
  const progress = (): RunProgress => meter?.progress(status()) ?? blankProgress(records, runId);
  const teller = createProgressTeller(() => {
    publish('runs.progress', progress());
  });
  const show = () => {
    if (!isOver && attempts.wish() !== 'close') teller.show();
  };
  const attempts = createAttempts({
    device: deps.device,
    onEvent: () => {
      asFarAsPossible(show);
    },
    onWait: show,
  });
  const setStatus = (next: RunStatus, change: RunChange = {}) => {
    records.change(runId, { ...change, status: next });
    publish('changed', { subjects: ['runs'], runId });
  };

  const work = async (): Promise<void> => {
    const record = records.get(runId);
    const log = openRunLog(record.folder, now);
    try {
      setStatus('preparing', {
        ...{ queueOrder: null, failure: null, endedAt: null },
        startedAt: record.startedAt ?? now(),
      });
      const run = await deps.read(record);
      const watched = meterOf(run, record, clock, deps);
      meter = watched;
      await deps.onPictures(runId);
      log.line(record.step === 0 ? 'begins' : `resumes after step ${record.step}`);
      const keeper = () => keeperOf(run, runId, { meter: watched, log, asFarAsPossible }, deps);
      const [how, change] = await attempts.toEnd(run, { meter: watched, log, keeper });
      await finish(how, log, change);
    } catch (error) {
      await finish('failed', log, { failure: failureData(toldFailure(error, log, context)) });
    } finally {
      clock.close();
      await log.close();
    }
  };
  const finish = async (how: RunStatus, log: RunLog, change: RunChange = {}) => {
    log.line(how);
    isOver = true;
    settleEnd(runId, how, change, deps);
    teller.drop();
    publish('runs.progress', progress());
    // Pictures may have waited for this end.
    if (how !== 'interrupted') await deps.onPictures(runId);
  };

  return {
    runId,
    progress,
    stop: (asked) => {
      if (isOver) return;
      if (asked === 'close') teller.drop();
      asFarAsPossible(() => {
        if (['preparing', 'training'].includes(status())) setStatus('stopping');
      });
      attempts.stop(asked);
      show();
    },
    ended: work().catch((error: unknown) => {
      context.log.error('how a run ended could not be kept', error);
    }),
  };
}

function toldFailure(error: unknown, log: RunLog, context: DomainContext): Failure {
  const failure = asFailure(error, 'run-fault');
  log.line(`${failure.code}: ${failure.message}`);
  if (!(error instanceof Failure)) context.log.error('a run failed', error);
  return failure;
}

function keeperOf(
  run: Run,
  runId: number,
  of: Pick<KeeperDeps, 'meter' | 'log' | 'asFarAsPossible'>,
  { context, records, speeds, speedKeyOf, onPictures }: SupervisionDeps,
): RunKeeper {
  return createRunKeeper({
    ...of,
    runId,
    context,
    records,
    speeds,
    speedKey: () => speedKeyOf(run),
    onPictures,
  });
}

/** Writes down how a run ended. */
function settleEnd(
  runId: number,
  how: RunStatus,
  change: RunChange,
  { context, records }: SupervisionDeps,
): void {
  const end = { ...change, status: how, queueOrder: null, endedAt: context.now() };
  const unwritten = records.settle(runId, end);
  if (unwritten !== null) context.log.error('how a run ended could not be written down yet', unwritten);
  context.publish('changed', { subjects: ['runs'], runId });
}

function meterOf(
  run: Run,
  record: RunRecord,
  { now }: AwakeClock,
  { records, speeds, speedKeyOf }: SupervisionDeps,
) {
  const key = speedKeyOf(run);
  return createRunMeter({
    runId: record.id,
    epochs: record.epochs,
    stepsPerEpoch: record.plan.stepsPerEpoch,
    imagesPerEpoch: run.job.images.reduce((sum, { repeats = 1 }) => sum + repeats, 0),
    rate: record.request.costRate,
    secondsPerImage: key === null ? null : speeds.get(key),
    epoch: record.epoch,
    step: record.step,
    loss: record.trainLoss,
    secondsSpent: records.secondsSpent(record.id),
    now,
  });
}

function blankProgress(records: RunRecords, runId: number): RunProgress {
  const { status, epoch, epochs, step, steps } = records.get(runId);
  return {
    runId,
    status,
    phase: 'reading the run',
    done: 0,
    total: 0,
    epoch,
    epochs,
    step,
    steps,
    loss: null,
    learningRate: null,
    imagesPerSecond: null,
    secondsLeft: null,
    seconds: records.secondsSpent(runId),
    cost: null,
    device: null,
  };
}
