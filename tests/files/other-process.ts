import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { onTestFinished } from 'vitest';

const holder = fileURLToPath(new URL('hold-lock.ts', import.meta.url));

/** Another process that holds the lock on a file, until it is ended as a crash would end it. */
export async function lockElsewhere(file: string): Promise<{ readonly end: () => Promise<void> }> {
  const other = spawn(process.execPath, ['--expose-gc', holder, file], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(other, 'close');
  const end = async () => {
    other.kill('SIGKILL');
    await ended;
  };
  onTestFinished(end);
  await once(other.stdout, 'data');
  return { end };
}
