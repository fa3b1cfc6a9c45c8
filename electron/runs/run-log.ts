import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** What the engine printed and what became of the run, in the run's folder. */
export interface RunLog {
  readonly line: (text: string) => void;
  readonly close: () => Promise<void>;
}

const logFile = 'log.txt';
/** As much of a log's end as is read. */
const tailBytes = 1024 * 1024;

/** A log that cannot be written is no reason to stop a run; it is left out. */
export function openRunLog(folder: string, now: () => number): RunLog {
  const stream = createWriteStream(join(folder, logFile), { flags: 'a' });
  let broken = false;
  stream.on('error', () => {
    broken = true;
  });
  return {
    line: (text) => {
      if (!broken) stream.write(`${new Date(now()).toISOString()} ${text}\n`);
    },
    close: () =>
      new Promise((resolve) => {
        if (broken) resolve();
        else {
          stream.once('close', resolve);
          stream.end();
        }
      }),
  };
}

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
