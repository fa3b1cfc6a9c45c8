import { setTimeout as sleep } from 'node:timers/promises';

import type { RunRecords } from './run-records.ts';
import type { Supervision } from './supervise-run.ts';

/** Trains the runs that wait, one at a time. */
export interface RunQueue {
  /** Begins the next one where none is under way. */
  readonly pump: () => void;
  /** The run that is under way; null where none is. */
  readonly current: () => Supervision | null;
  /** Begins none from now on. */
  readonly stop: () => void;
  /** Ends the run under way at its next step, keeping its state. */
  readonly endCurrent: () => Promise<void>;
}

/** Longer than this no one waits for a step; an engine left alone saves its state by itself. */
const patience = 20_000;

export function createRunQueue(records: RunRecords, begin: (runId: number) => Supervision): RunQueue {
  let current: Supervision | null = null;
  let stopped = false;
  const pump = () => {
    const [next] = records.queue();
    if (current !== null || stopped || next === undefined) return;
    const supervision = begin(next);
    current = supervision;
    void supervision.ended.then(() => {
      current = null;
      pump();
    });
  };
  return {
    pump,
    current: () => current,
    stop: () => {
      stopped = true;
    },
    endCurrent: async () => {
      if (current === null) return;
      current.stop('close');
      await Promise.race([current.ended, sleep(patience, undefined, { ref: false })]);
    },
  };
}
