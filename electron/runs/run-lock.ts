import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../../native/failure.ts';
import { lockFile } from '../../native/files/process-lock.ts';
import { engineLock } from '../../native/jobs.ts';

export interface LockOptions {
  /** How long to wait for an engine whose starter is gone to finish its step. */
  readonly patienceSeconds?: number;
  /** Called once where there is such an engine. */
  readonly onWait?: () => void;
}

/** Held by who starts engines for the run; an engine holds a lock of its own, for it may outlive its starter by a step. */
const starterLock = 'training.lock';

/**
 * Keeps everybody else from training a run: two engines would mix their states.
 * @returns what gives the run back
 * @throws Failure `run-busy`
 */
export async function lockRun(
  folder: string,
  { patienceSeconds = 60, onWait }: LockOptions = {},
): Promise<() => void> {
  const release = lockFile(join(folder, starterLock));
  if (release === null) {
    throw new Failure(
      'run-busy',
      `The run in ${folder} is being trained by another Screenfold.`,
      'Wait for it, or stop it there.',
    );
  }
  try {
    await waitForEngine(folder, patienceSeconds, onWait);
  } catch (error) {
    release();
    throw error;
  }
  return release;
}

async function waitForEngine(
  folder: string,
  patienceSeconds: number,
  onWait: (() => void) | undefined,
): Promise<void> {
  const start = performance.now();
  for (let waiting = false; ; waiting = true) {
    const release = lockFile(join(folder, engineLock));
    if (release !== null) {
      release();
      return;
    }
    if (performance.now() - start > 1000 * patienceSeconds) {
      throw new Failure(
        'run-busy',
        `An engine that was started earlier is still training the run in ${folder}.`,
        'It stops at the end of its step. Try again in a moment.',
      );
    }
    if (!waiting) onWait?.();
    await sleep(200);
  }
}
