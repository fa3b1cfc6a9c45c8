import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeEach, expect, test } from 'vitest';

import { temporaryFolder } from '../runs/temporary-folder.ts';

const script = fileURLToPath(new URL('../../scripts/install-if-needed.mjs', import.meta.url));

/** Stands for npm: notes that it was called, empties the folder as `npm ci` does, and takes its time. */
const npm = `
const { appendFileSync, mkdirSync, rmSync, writeFileSync } = require('node:fs');
appendFileSync('calls', 'called\\n');
rmSync('node_modules', { recursive: true, force: true });
setTimeout(() => {
  mkdirSync('node_modules/.bin', { recursive: true });
  writeFileSync('node_modules/.bin/node', '');
}, 800);
`;

let root: string;
beforeEach(() => {
  root = temporaryFolder();
  writeFileSync(join(root, 'package-lock.json'), '{}');
  writeFileSync(join(root, 'npm.cjs'), npm);
});

function install(): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn(process.execPath, [script], {
    cwd: root,
    env: { ...process.env, npm_execpath: join(root, 'npm.cjs') },
  });
  let said = '';
  child.stdout.on('data', (data: Buffer) => (said += data.toString()));
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      resolve({ code, said });
    });
  });
}

const calls = () => readFileSync(join(root, 'calls'), 'utf8').trim().split('\n').length;

test('two that are started at once install once: the second waits for the first', async () => {
  const ended = await Promise.all([install(), install()]);
  expect(ended.map(({ code }) => code)).toEqual([0, 0]);
  expect(calls()).toBe(1);
  expect(ended.map(({ said }) => said).join('')).toContain('Waiting for it');
  expect((await install()).said).toBe('');
  expect(calls()).toBe(1);
});

test('what was broken off is begun anew, and what is there without its Node is no installation', async () => {
  mkdirSync(join(root, '.screenfold'));
  // No process has so high a number.
  writeFileSync(join(root, '.screenfold', 'installing'), '99999999');
  expect((await install()).code).toBe(0);
  expect(existsSync(join(root, '.screenfold', 'installing'))).toBe(false);
  rmSync(join(root, 'node_modules', '.bin', 'node'));
  expect((await install()).code).toBe(0);
  expect(calls()).toBe(2);
});
