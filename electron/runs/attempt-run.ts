import { Failure } from '../../native/failure.ts';
import type { JobEvent, TrainResult } from '../../native/jobs.ts';
import type { Device } from '../engine/device.ts';
import type { Run } from './run-folder.ts';
import type { RunLog } from './run-log.ts';
import type { RunMeter } from './run-meter.ts';
import { trainRun } from './train-run.ts';

/** One engine's part of a run: to its end, or to where it is asked to stop. */
export interface Attempt {
  /** Asks the engine to stop; its state is saved. */
  readonly stop: () => void;
  readonly ended: Promise<TrainResult | 'stopped'>;
}

export interface AttemptDeps {
  readonly device: Device;
  readonly meter: RunMeter;
  readonly log: RunLog;
  /** Whether a person, or the end of Screenfold, wants the run to stop. */
  readonly isStopWished: () => boolean;
  readonly onEvent: (event: JobEvent) => void;
  /** An engine of an earlier program has not ended its step yet. */
  readonly onWait: () => void;
}

export function attemptRun(run: Run, deps: AttemptDeps): Attempt {
  const { device, meter, log, isStopWished, onEvent, onWait } = deps;
  const [stop, kill] = [new AbortController(), new AbortController()];
  let hasStepped = false;
  // Before its first step an engine has nothing to save, and may be long in hearing.
  const end = () => {
    if (hasStepped) stop.abort();
    else kill.abort();
  };
  const ended = device.occupy(async (engine, giveWay) => {
    giveWay.addEventListener('abort', end);
    if (giveWay.aborted || isStopWished()) return 'stopped';
    meter.begin();
    try {
      return await trainRun(run, {
        runJob: (job) =>
          engine.run(job, {
            onStart: (pid) => {
              log.line(`the engine is process ${pid}`);
            },
            onEvent: (event) => {
              if (event.type === 'step') hasStepped = true;
              onEvent(event);
            },
            onLog: log.line,
            stop: stop.signal,
            kill: kill.signal,
          }),
        onWait: () => {
          meter.phase('waiting for an earlier engine to end its step');
          onWait();
        },
      });
    } catch (error) {
      // Before its first step a signal to all of Screenfold's processes ends an engine too.
      const asked = kill.signal.aborted || isStopWished();
      if (asked && error instanceof Failure && error.code === 'engine-killed') return 'stopped';
      throw error;
    } finally {
      meter.end();
    }
  });
  return { stop: end, ended };
}
