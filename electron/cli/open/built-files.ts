import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

import { Failure } from '../../../native/failure.ts';
import { withBuildLock } from './build-lock.ts';

/** What is built of the sources before it can run: the page, and for the desktop its main, preload and engine. */
export type Built = 'renderer' | 'desktop';

const inputs: Readonly<Record<Built, readonly string[]>> = {
  renderer: [
    'renderer',
    'electron/connection',
    'electron/contract',
    'native',
    'vite.config.ts',
    'scripts/build.ts',
    'package-lock.json',
  ],
  desktop: ['electron', 'native', 'scripts/build.ts', 'package-lock.json'],
};

/** Hex; changes with any source that goes into it. */
export async function sourceHash(root: string, built: Built): Promise<string> {
  const hash = createHash('sha256');
  for (const input of inputs[built]) {
    for (const file of await filesOf(join(root, input))) {
      hash.update(relative(root, file).split(sep).join('/')).update('\0');
      hash.update(await readFile(file)).update('\0');
    }
  }
  return hash.digest('hex');
}

const markOf = (root: string, built: Built) => join(root, 'dist', built, '.built-from');

export async function isBuilt(root: string, built: Built): Promise<boolean> {
  const mark = await readFile(markOf(root, built), 'utf8').catch(() => null);
  return mark !== null && mark === (await sourceHash(root, built));
}

export interface BuildListener {
  readonly onBuild: () => void;
  readonly onLine: (line: string) => void;
}

/** Builds what is missing or older than its sources, telling so first. */
export async function ensureBuilt(root: string, built: Built, listener: BuildListener): Promise<void> {
  if (await isBuilt(root, built)) return;
  await withBuildLock(join(root, 'dist', `${built}.build-lock`), async () => {
    // Another program may have built it meanwhile.
    if (!(await isBuilt(root, built))) await runBuild(root, built, listener);
  });
}

async function runBuild(root: string, built: Built, { onBuild, onLine }: BuildListener): Promise<void> {
  onBuild();
  const child = spawn(process.execPath, [join(root, 'scripts', 'build.ts'), built], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream
      .setEncoding('utf8')
      .on('error', () => undefined)
      .on('data', (text: string) => {
        said += text;
        for (const line of text.split('\n')) if (line.trim() !== '') onLine(line);
      });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) {
    throw new Failure(
      'build-failed',
      `Building Screenfold's ${built} failed:\n  ${said.trim().replaceAll('\n', '\n  ')}`,
      'Run `npm ci` and start again; if that does not help, report it with the lines above.',
    );
  }
}

async function filesOf(at: string): Promise<readonly string[]> {
  const entries = await readdir(at, { withFileTypes: true, recursive: true }).catch(() => null);
  // Not a folder: the file itself.
  if (entries === null) return [at];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
