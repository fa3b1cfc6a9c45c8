import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { lockFile } from '../../../native/files/process-lock.ts';

/** Does something with a lock file held, so that two programs started at once do not build over each other. */
export async function withBuildLock<T>(file: string, act: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  let release = lockFile(file);
  for (; release === null; release = lockFile(file)) await sleep(100);
  try {
    return await act();
  } finally {
    release();
  }
}
