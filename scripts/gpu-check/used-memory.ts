import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as passed } from 'node:timers/promises';

import { killProcess } from '../../native/runtime/kill-process.ts';

/** Follows how much of the GPUs' memory is in use, as their driver's tool tells it ten times a second. */
export interface UsedMemory {
  /** Forgets what was, once the tool has told of the time after a process that has just ended. */
  settled(): Promise<void>;
  /** The most since then, of all GPUs together, in MiB; null where nothing tells. */
  most(): number | null;
  end(): void;
}

/** @param gpus lines that the tool writes each time */
export function followUsedMemory(gpus = 1, command = 'nvidia-smi'): UsedMemory {
  const args = ['--query-gpu=memory.used', '--format=csv,noheader,nounits', '-lms', '100'];
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let [most, rest]: [number | null, string] = [null, ''];
  let told: number[] = [];
  child.on('error', () => undefined);
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      const used = Number(line);
      if (line.trim() === '' || !Number.isFinite(used)) continue;
      told.push(used);
      if (told.length < gpus) continue;
      const all = told.reduce((sum, one) => sum + one, 0);
      told = [];
      most = Math.max(most ?? 0, all);
    }
  });
  return {
    settled: async () => {
      if (most === null) return;
      await passed(300);
      most = null;
    },
    most: () => most,
    end: () => {
      killProcess(child);
      // One that waits for a driver does not end even so, and is not waited for.
      child.stdout!.destroy();
      child.unref();
    },
  };
}
