import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { keptSession } from '../../../electron/cli/open/kept-session.ts';

const surroundings = (folder: string) => ({
  platform: process.platform,
  environment: { SCREENFOLD_CONFIG: folder },
  home: folder,
});

function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'screenfold-session-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

test('what lets an open page in is the same at every start, and for its user alone', async () => {
  const folder = join(testFolder(), 'config');
  const session = await keptSession(surroundings(folder));
  expect(session).toMatch(/^[\w-]{32}$/);
  expect(await keptSession(surroundings(folder))).toBe(session);
  if (process.platform !== 'win32') expect(statSync(join(folder, 'browser-session')).mode & 0o77).toBe(0);
});

test('what was written by somebody else is not taken', async () => {
  const folder = testFolder();
  writeFileSync(join(folder, 'browser-session'), 'short');
  expect(await keptSession(surroundings(folder))).toMatch(/^[\w-]{32}$/);
});

test('where it cannot be kept there is none', async () => {
  const file = join(testFolder(), 'file');
  writeFileSync(file, '');
  expect(await keptSession(surroundings(file))).toBeUndefined();
});
