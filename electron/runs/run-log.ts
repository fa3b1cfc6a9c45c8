import { appendFile, open } from 'node:fs/promises';
import { join } from 'node:path';

import { countOf } from '../contract/quantities.ts';

/** What the engine printed and what became of the run, in the run's folder. */
export interface RunLog {
  readonly line: (text: string) => void;
  readonly close: () => Promise<void>;
}

const logFile = 'log.txt';
/** As much of a log's end as is read. */
const tailBytes = 1024 * 1024;

/**
 * A log that cannot be written is no reason to stop a run: lines are left out while it cannot, and how many is said when it
 * can again.
 */
export function openRunLog(
  folder: string,
  now: () => number,
  append: (file: string, text: string) => Promise<void> = appendFile,
): RunLog {
  const file = join(folder, logFile);
  let missing = 0;
  let waiting: string[] = [];
  let writing: Promise<void> | null = null;
  const writeAll = async () => {
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      const gap = missing === 0 ? '' : `${stamp(now())} ${countOf(missing, 'line')} could not be written\n`;
      try {
        await append(file, gap + lines.join(''));
        missing = 0;
      } catch {
        missing += lines.length;
      }
    }
    writing = null;
  };
  return {
    line: (text) => {
      waiting.push(`${stamp(now())} ${text}\n`);
      writing ??= writeAll();
    },
    close: async () => {
      await writing;
    },
  };
}

const stamp = (time: number) => new Date(time).toISOString();

/** The last lines, newest last; none where nothing was logged yet. */
export async function readRunLog(folder: string, count: number): Promise<string[]> {
  const file = await open(join(folder, logFile)).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (file === null) return [];
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - tailBytes);
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - from), position: from });
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    // The first may be cut; after the last comes nothing.
    return lines.slice(from > 0 ? 1 : 0, -1).slice(-count);
  } finally {
    await file.close();
  }
}
