import type { JobEvent, TrainResult } from '../../native/jobs.ts';
import type { RunStatus } from '../contract/runs.ts';
import type { Device } from '../engine/device.ts';
import { type Attempt, attemptRun } from './attempt-run.ts';
import type { Run } from './run-folder.ts';
import type { RunKeeper } from './run-keeper.ts';
import type { RunLog } from './run-log.ts';
import type { RunMeter } from './run-meter.ts';
import type { RunChange } from './run-records.ts';

/** Why a run is to end before its last epoch: to go on later, for good, or because Screenfold ends. */
export type Wish = 'pause' | 'cancel' | 'close';

const endOf = { pause: 'paused', cancel: 'cancelled', close: 'interrupted' } as const;

/** A run's engines, one after the other: training gives way to shorter work and goes on in a new engine. */
export interface Attempts {
  /** To the run's end or a wish. Gives how it ended. */
  readonly toEnd: (run: Run, watched: Watched) => Promise<[how: RunStatus, change?: RunChange]>;
  readonly stop: (wish: Wish) => void;
  readonly wish: () => Wish | null;
}

export interface AttemptsDeps {
  readonly device: Device;
  /** What an engine says, once it is kept. */
  readonly onEvent: (event: JobEvent) => void;
  /** There is something to tell while no engine says anything: one is waited for, or has given way. */
  readonly onWait: () => void;
}

/** What a run's engines have in common. */
export interface Watched {
  readonly meter: RunMeter;
  readonly log: RunLog;
  /** A new one for each engine. */
  readonly keeper: () => RunKeeper;
}

export function createAttempts({ device, onEvent, onWait }: AttemptsDeps): Attempts {
  let wish: Wish | null = null;
  let attempt: Attempt | null = null;

  const trainOn = async (run: Run, { meter, log, keeper }: Watched): Promise<TrainResult | 'stopped'> => {
    const kept = keeper();
    attempt = attemptRun(run, {
      ...{ device, meter, log, onWait },
      isStopWished: () => wish !== null,
      onEvent: (event) => {
        kept.event(event);
        onEvent(event);
      },
    });
    try {
      return await attempt.ended;
    } finally {
      attempt = null;
      kept.writeAtLast();
    }
  };
  return {
    toEnd: async (run, watched) => {
      for (;;) {
        const result = await trainOn(run, watched);
        if (result !== 'stopped' && result.end === 'finished') {
          const { step, epoch, trainLoss, validationLoss } = result;
          return ['finished', { step, epoch, trainLoss, validationLoss }];
        }
        if (wish !== null) return [endOf[wish]];
        watched.meter.phase('making pictures');
        onWait();
      }
    },
    stop: (asked) => {
      // Ending for good is not undone by a later pause.
      if (wish !== 'cancel') wish = asked;
      attempt?.stop();
    },
    wish: () => wish,
  };
}
