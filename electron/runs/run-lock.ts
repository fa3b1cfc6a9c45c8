import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../../native/failure.ts';
import { writeFileAtomic } from '../../native/files/atomic-file.ts';

/** Two engines training one run would mix their states; the lock names the processes that may write to it. */
export interface RunLock {
  /** Adds the engine's process, which may outlive the one that started it by a step. */
  readonly addEngine: (pid: number) => Promise<void>;
  readonly release: () => Promise<void>;
}

export interface LockOptions {
  /** How long to wait for an engine whose starter is gone to finish its step. */
  readonly patienceSeconds?: number;
  readonly onWait?: (pid: number) => void;
}

/** Locks that this process holds or waits for: in a container, an earlier process had the same id. */
const heldHere = new Set<string>();

/** Throws `run-busy` where another living process trains this run. */
export async function lockRun(
  folder: string,
  { patienceSeconds = 60, onWait }: LockOptions = {},
): Promise<RunLock> {
  const file = join(folder, 'run.lock');
  const isMine = heldHere.has(file);
  heldHere.add(file);
  try {
    await waitForLock(file, folder, isMine, patienceSeconds, onWait);
  } catch (error) {
    if (!isMine) heldHere.delete(file);
    throw error;
  }
  return {
    addEngine: (pid) => writeFileAtomic(file, lockText([process.pid, pid])),
    release: async () => {
      heldHere.delete(file);
      await rm(file, { force: true });
    },
  };
}

/** @param isMine this process holds it; where its id stands there and it does not, an earlier one had that id */
async function waitForLock(
  file: string,
  folder: string,
  isMine: boolean,
  patienceSeconds: number,
  onWait: ((pid: number) => void) | undefined,
): Promise<void> {
  const start = performance.now();
  for (let waiting = false, looked = false; ;) {
    if (await tryWrite(file, [process.pid])) return;
    const pids = await readPids(file);
    if (pids.length === 0 && !looked) {
      // Perhaps it is only just being written.
      looked = true;
      await sleep(200);
      continue;
    }
    const [owner, engine] = pids;
    const ownerLives = owner === process.pid ? isMine : owner !== undefined && isAlive(owner);
    const engineLives = engine !== undefined && isAlive(engine);
    if (!ownerLives && !engineLives) {
      await rm(file, { force: true });
      continue;
    }
    if (ownerLives || performance.now() - start > 1000 * patienceSeconds) {
      throw new Failure(
        'run-busy',
        `The run in ${folder} is being trained by process ${String(ownerLives ? owner : engine)}.`,
        `Wait for it or stop it; if there is no such process of Screenfold, delete ${file}.`,
      );
    }
    if (!waiting) onWait?.(engine!);
    waiting = true;
    await sleep(200);
  }
}

async function tryWrite(file: string, pids: readonly number[]): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(lockText(pids));
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function lockText(pids: readonly number[]): string {
  return pids.join(' ');
}

async function readPids(file: string): Promise<readonly number[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split(' ')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not permitted to signal it: it lives, as someone else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
