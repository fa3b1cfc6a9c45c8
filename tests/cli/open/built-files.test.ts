import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { ensureBuilt, isBuilt, sourceHash } from '../../../electron/cli/open/built-files.ts';
import { temporaryFolder } from '../../runs/temporary-folder.ts';

/** A project whose build does what `script` says. */
function project(script: string): string {
  const root = temporaryFolder();
  for (const folder of ['renderer', 'electron/contract', 'electron/connection', 'native', 'scripts']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const file of ['renderer/main.tsx', 'vite.config.ts', 'package-lock.json']) {
    writeFileSync(join(root, file), file);
  }
  writeFileSync(join(root, 'scripts', 'build.ts'), script);
  return root;
}

function markBuilt(root: string, hash: string): void {
  mkdirSync(join(root, 'dist', 'renderer'), { recursive: true });
  writeFileSync(join(root, 'dist', 'renderer', '.built-from'), hash);
}

const quiet = { onBuild: () => undefined, onLine: () => undefined };

test('the page is built where it is missing or older than what it is made of, and not otherwise', async () => {
  const root = project('');
  expect(await isBuilt(root, 'renderer')).toBe(false);
  markBuilt(root, await sourceHash(root, 'renderer'));
  expect(await isBuilt(root, 'renderer')).toBe(true);
  writeFileSync(join(root, 'renderer', 'main.tsx'), 'changed');
  expect(await isBuilt(root, 'renderer')).toBe(false);
});

test('a file more, or one by another name, is another source', async () => {
  const root = project('');
  const before = await sourceHash(root, 'renderer');
  writeFileSync(join(root, 'renderer', 'empty.ts'), '');
  const more = await sourceHash(root, 'renderer');
  expect(new Set([before, more]).size).toBe(2);
});

test('a build that fails is told with what it said', async () => {
  const root = project("console.error('no such import'); process.exit(1);");
  await expect(ensureBuilt(root, 'renderer', quiet)).rejects.toMatchObject({
    code: 'build-failed',
    message: expect.stringContaining('no such import') as string,
  });
});

test('a build is told of before it begins', async () => {
  const root = project("console.log('building');");
  const told: string[] = [];
  await ensureBuilt(root, 'renderer', {
    onBuild: () => told.push('once'),
    onLine: (line) => told.push(line),
  });
  expect(told).toEqual(['once', 'building']);
});

test('two programs started at once build once', async () => {
  const root = project(`
    import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
    appendFileSync('builds.txt', 'x');
    mkdirSync('dist/renderer', { recursive: true });
    setTimeout(() => writeFileSync('dist/renderer/.built-from', process.env.EXPECTED_HASH), 300);
  `);
  process.env.EXPECTED_HASH = await sourceHash(root, 'renderer');
  try {
    await Promise.all([ensureBuilt(root, 'renderer', quiet), ensureBuilt(root, 'renderer', quiet)]);
  } finally {
    delete process.env.EXPECTED_HASH;
  }
  expect(readFileSync(join(root, 'builds.txt'), 'utf8')).toBe('x');
});

test('a lock whose program is no more holds nobody up', async () => {
  const root = project("console.log('building');");
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  mkdirSync(join(root, 'dist'));
  writeFileSync(join(root, 'dist', 'renderer.lock'), String(pid));
  const told: string[] = [];
  await ensureBuilt(root, 'renderer', { ...quiet, onLine: (line) => told.push(line) });
  expect(told).toEqual(['building']);
});
