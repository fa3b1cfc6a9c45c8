import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { lockLibrary } from '../../electron/library/library-lock.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

const holder = fileURLToPath(new URL('hold-lock.ts', import.meta.url));

test('a library is open once', () => {
  const folder = temporaryFolder();
  const release = lockLibrary(folder);
  expect(() => lockLibrary(folder)).toThrow(expect.objectContaining({ code: 'library-in-use' }) as Error);
  release();
  lockLibrary(folder)();
});

test('another process is kept out, until it is no more, however it ended', async () => {
  const folder = temporaryFolder();
  const other = spawn(process.execPath, ['--expose-gc', holder, folder], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(other, 'close');
  try {
    await once(other.stdout, 'data');
    expect(() => lockLibrary(folder)).toThrow(expect.objectContaining({ code: 'library-in-use' }) as Error);
  } finally {
    other.kill('SIGKILL');
  }
  await ended;
  lockLibrary(folder)();
});
