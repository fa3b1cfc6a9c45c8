import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { stateName } from '../../native/facts/run-folder.ts';
import { Failure } from '../../native/failure.ts';
import { asFailure } from '../../native/files/as-failure.ts';
import type { JobEvent, TrainResult } from '../../native/jobs.ts';
import { failureData } from '../contract/failure-data.ts';
import type { RunProgress, RunStatus } from '../contract/runs.ts';
import type { Device } from '../engine/device.ts';
import type { DomainContext } from '../library/library.ts';
import { whenRoom } from '../library/when-room.ts';
import { createAwakeClock } from './awake-clock.ts';
import type { Run } from './run-folder.ts';
import { openRunLog, type RunLog } from './run-log.ts';
import { createRunMeter, type RunMeter } from './run-meter.ts';
import type { RunReader } from './run-reader.ts';
import type { RunChange, RunRecords } from './run-records.ts';
import type { SpeedKey, Speeds } from './speeds.ts';
import { trainRun } from './train-run.ts';

/** Why a run is to end before its last epoch: to go on later, for good, or because Screenfold ends. */
export type Wish = 'pause' | 'cancel' | 'close';

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

const progressEvery = 250;
const writtenEvery = 5000;
const complainedEvery = 60_000;

/** Trains a queued run to its end, its pause or its failure, and keeps its row up to date. */
export function superviseRun(runId: number, deps: SupervisionDeps): Supervision {
  const { context, records, device } = deps;
  const { publish, now } = context;
  let wish: Wish | null = null;
  let isOver = false;
  let meter: RunMeter | null = null;
  let endAttempt: (() => void) | null = null;
  const clock = createAwakeClock(context.steady);
  let shownAt = -Infinity;
  let shownLater: NodeJS.Timeout | null = null;
  let writtenAt = -Infinity;
  let complainedAt = -Infinity;
  /** Checkpoints that are there and not yet in the library. */
  const unlisted = new Set<number>();

  const isWished = () => wish !== null;
  const status = () => records.get(runId).status;
  const setStatus = (next: RunStatus) => {
    records.change(runId, { status: next });
    publish('changed', { subjects: ['runs'], runId });
  };
  const progress = (): RunProgress => meter?.progress(status()) ?? blankProgress(records, runId);
  const show = () => {
    if (shownLater !== null || isOver || wish === 'close') return;
    const wait = Math.max(0, shownAt + progressEvery - performance.now());
    const say = () => {
      shownLater = null;
      shownAt = performance.now();
      publish('runs.progress', progress());
    };
    if (wait === 0) say();
    else shownLater = setTimeout(say, wait);
  };
  const write = () => {
    if (meter === null) return;
    writtenAt = performance.now();
    for (const epoch of [...unlisted]) {
      records.addCheckpoint(runId, epoch);
      unlisted.delete(epoch);
    }
    meter.writeSpent((entry) => {
      records.spend(runId, entry);
    });
    records.change(runId, meter.position());
  };
  /** A full disk under the database must not end the training; its files are written by the engine. */
  const asFarAsPossible = (act: () => void): boolean => {
    try {
      act();
      return true;
    } catch (error) {
      if (performance.now() - complainedAt < complainedEvery) return false;
      complainedAt = performance.now();
      context.log.error('what a run said could not be kept', error);
      return false;
    }
  };
  const writeAtLast = () => {
    if (!context.library.database.open || records.find(runId) === null || asFarAsPossible(write)) return;
    whenRoom(context.library.folder, writeAtLast);
  };

  const onEvent = (run: Run, log: RunLog, event: JobEvent) => {
    meter?.event(event);
    if (event.type === 'note') log.line(event.message);
    if (event.type === 'step' && status() === 'preparing') setStatus('training');
    if (event.type === 'epoch') {
      const { epoch, trainLoss, validationLoss } = event;
      records.change(runId, { trainLoss, validationLoss });
      write();
      const key = deps.speedKeyOf(run);
      const speed = meter?.secondsPerImage() ?? null;
      if (key !== null && speed !== null) deps.speeds.record(key, speed);
      publish('runs.epoch', { runId, epoch, trainLoss, validationLoss });
    }
    if (event.type === 'checkpoint') {
      unlisted.add(event.epoch);
      write();
      publish('changed', { subjects: ['runs'], runId });
      void deps.onPictures(runId);
    }
    if (event.type !== 'picture' && performance.now() - writtenAt > writtenEvery) write();
    show();
  };

  /** One engine's part of it: to the end, or to where it is asked to stop. */
  const attempt = (run: Run, log: RunLog, watched: RunMeter): Promise<TrainResult | 'stopped'> =>
    device.occupy(async (engine, giveWay) => {
      const [stop, kill] = [new AbortController(), new AbortController()];
      let stepped = false;
      // Before its first step an engine has nothing to save, and may be long in hearing.
      endAttempt = () => {
        if (stepped) stop.abort();
        else kill.abort();
      };
      const end = endAttempt;
      giveWay.addEventListener('abort', end);
      if (giveWay.aborted || wish !== null) return 'stopped';
      watched.begin();
      try {
        return await trainRun(run, {
          runJob: (job) =>
            engine.run(job, {
              onStart: (pid) => {
                log.line(`the engine is process ${pid}`);
              },
              onEvent: (event) => {
                if (event.type === 'step') stepped = true;
                asFarAsPossible(() => {
                  onEvent(run, log, event);
                });
              },
              onLog: log.line,
              stop: stop.signal,
              kill: kill.signal,
            }),
          onWait: () => {
            watched.event({
              type: 'progress',
              phase: 'waiting for the engine to end its step',
              done: 0,
              total: 0,
            });
            show();
          },
        });
      } catch (error) {
        // Before its first step a signal to all of Screenfold's processes ends an engine too.
        const asked = kill.signal.aborted || isWished();
        if (asked && error instanceof Failure && error.code === 'engine-killed') return 'stopped';
        throw error;
      } finally {
        watched.end();
        endAttempt = null;
        writeAtLast();
      }
    });

  const work = async (): Promise<void> => {
    const record = records.get(runId);
    const log = openRunLog(record.folder, now);
    try {
      records.change(runId, {
        status: 'preparing',
        queueOrder: null,
        failure: null,
        startedAt: record.startedAt ?? now(),
        endedAt: null,
      });
      publish('changed', { subjects: ['runs'], runId });
      const run = await deps.read(record);
      const key = deps.speedKeyOf(run);
      meter = createRunMeter({
        runId,
        epochs: record.epochs,
        stepsPerEpoch: record.plan.stepsPerEpoch,
        imagesPerEpoch: run.job.images.reduce((sum, { repeats = 1 }) => sum + repeats, 0),
        rate: record.request.costRate,
        secondsPerImage: key === null ? null : deps.speeds.get(key),
        epoch: record.epoch,
        step: record.step,
        loss: record.trainLoss,
        secondsSpent: records.secondsSpent(runId),
        now: clock.now,
      });
      await deps.onPictures(runId);
      log.line(record.step === 0 ? 'begins' : `goes on after step ${record.step}`);
      for (;;) {
        const result = await attempt(run, log, meter);
        if (result !== 'stopped' && result.end === 'finished') {
          const { step, epoch, trainLoss, validationLoss } = result;
          await finish('finished', log, { step, epoch, trainLoss, validationLoss });
          break;
        }
        if (wish !== null) {
          await finish(({ pause: 'paused', cancel: 'cancelled', close: 'interrupted' } as const)[wish], log);
          break;
        }
        meter.event({ type: 'progress', phase: 'making pictures', done: 0, total: 0 });
        show();
      }
    } catch (error) {
      const failure = asFailure(error, 'run-fault');
      log.line(`${failure.code}: ${failure.message}`);
      if (!(error instanceof Failure)) context.log.error('a run failed', error);
      await finish('failed', log, { failure: failureData(failure) });
    } finally {
      clock.close();
      await log.close();
    }
  };

  /** What is needed to go on is of no use to a run that has ended for good. */
  const finish = async (how: RunStatus, log: RunLog, change: RunChange = {}) => {
    log.line(how);
    isOver = true;
    if (how === 'finished' || how === 'cancelled') {
      await removeState(records.get(runId).folder).catch((error: unknown) => {
        context.log.warn('the state of an ended run could not be removed', error);
      });
    }
    const unwritten = records.settle(runId, { ...change, status: how, queueOrder: null, endedAt: now() });
    if (unwritten !== null) context.log.error('how a run ended could not be written down yet', unwritten);
    publish('changed', { subjects: ['runs'], runId });
    if (shownLater !== null) clearTimeout(shownLater);
    shownLater = null;
    publish('runs.progress', progress());
    // Pictures may have waited for this end.
    if (how !== 'interrupted') await deps.onPictures(runId);
  };

  return {
    runId,
    progress,
    stop: (asked) => {
      if (isOver) return;
      // Ending for good is not undone by a pause asked for later.
      if (wish !== 'cancel') wish = asked;
      if (asked === 'close' && shownLater !== null) clearTimeout(shownLater);
      asFarAsPossible(() => {
        if (['preparing', 'training'].includes(status())) setStatus('stopping');
      });
      endAttempt?.();
      show();
    },
    ended: work().catch((error: unknown) => {
      context.log.error('how a run ended could not be kept', error);
    }),
  };
}

/** The state that a run resumes from: as large as the model several times over. */
export async function removeState(folder: string): Promise<void> {
  await rm(join(folder, stateName), { recursive: true, force: true });
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
  };
}
