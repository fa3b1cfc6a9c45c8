import { join } from 'node:path';

import { expect, test } from 'vitest';

import { lockLibrary } from '../../electron/library/library-lock.ts';
import { lockElsewhere } from '../files/other-process.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

test('a library is open once', () => {
  const folder = temporaryFolder();
  const release = lockLibrary(folder);
  expect(() => lockLibrary(folder)).toThrow(expect.objectContaining({ code: 'library-in-use' }) as Error);
  release();
  lockLibrary(folder)();
});

test('another process is kept out, until it is no more, however it ended', async () => {
  const folder = temporaryFolder();
  const other = await lockElsewhere(join(folder, 'library.lock'));
  expect(() => lockLibrary(folder)).toThrow(expect.objectContaining({ code: 'library-in-use' }) as Error);
  await other.end();
  lockLibrary(folder)();
});
