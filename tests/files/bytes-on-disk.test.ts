import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { bytesOnDisk } from '../../native/files/bytes-on-disk.ts';
import { exists } from '../../native/files/exists.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

test('a folder has the bytes of all files in it, a file its own, nothing none', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'unet'));
  writeFileSync(join(folder, 'card.md'), '12345');
  writeFileSync(join(folder, 'unet', 'weights'), '1234567');
  expect(await bytesOnDisk(folder)).toBe(12);
  expect(await bytesOnDisk(join(folder, 'card.md'))).toBe(5);
  expect(await bytesOnDisk(join(folder, 'gone'))).toBe(0);
});

test('a file and a folder are there, anything else is not', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'card.md'), '');
  const there = await Promise.all([folder, join(folder, 'card.md'), join(folder, 'gone')].map(exists));
  expect(there).toEqual([true, true, false]);
});
