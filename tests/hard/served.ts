/** The studio in a process tree of its own, with a page's client to it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import Database from 'better-sqlite3';
import { WebSocket } from 'ws';

import { type ClosableClient, createClient } from '../../electron/connection/client.ts';
import { linkOverSocket } from '../../electron/connection/links.ts';
import type { RunRequest, RunSummary } from '../../electron/contract/runs.ts';
import { signedIn } from '../studio/transports.ts';

const program = fileURLToPath(new URL('../hosts/serve-library.ts', import.meta.url));
const sample = fileURLToPath(new URL('../../resources/sample', import.meta.url));

export interface Served {
  readonly client: ClosableClient;
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What it printed besides its address. */
  readonly said: () => string;
  readonly alive: () => boolean;
  /** The studio and all its engines, without warning. */
  readonly kill: () => Promise<void>;
}

export interface ServeOptions {
  /** In front of the program, as `prlimit`. */
  readonly before?: readonly string[];
  readonly environment?: Readonly<NodeJS.ProcessEnv>;
}

export async function serveLibrary(
  libraryFolder: string,
  { before = [], environment = {} }: ServeOptions = {},
): Promise<Served> {
  const [command, ...args] = [...before, process.execPath, program, libraryFolder];
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that all of it can be killed at once.
    detached: true,
    env: { ...process.env, ...environment },
  });
  const killAll = () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGKILL');
  };
  // A script that fails leaves no studio behind.
  process.once('exit', killAll);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close');
  const first = await Promise.race([once(child.stdout.setEncoding('utf8'), 'data'), ended]);
  const address = String(first[0]).trim();
  if (!address.startsWith('http')) throw new Error(`the studio did not start: ${said}`);
  const headers = await signedIn(address);
  const { host, port } = new URL(address);
  const client = createClient(linkOverSocket(() => new WebSocket(`ws://${host}/socket`, { headers })));
  return {
    client,
    headers,
    port: Number(port),
    said: () => said,
    alive: () => child.exitCode === null && child.signalCode === null,
    kill: async () => {
      client.close();
      killAll();
      await ended;
      process.off('exit', killAll);
    },
  };
}

/** A few of the sample's images with captions beside them. */
export function someImages(folder: string, count: number): string {
  mkdirSync(folder, { recursive: true });
  const names = readdirSync(sample).filter((name) => name.endsWith('.webp'));
  for (const [index, name] of names.slice(0, count).entries()) {
    cpSync(join(sample, name), join(folder, `${index} ${name}`));
    writeFileSync(join(folder, `${index} ${name.replace(/\.webp$/, '.txt')}`), `an emoji, ${name}`);
  }
  return folder;
}

/** Adds a folder and waits until it is read. */
export async function addImages({ client }: Pick<Served, 'client'>, folder: string): Promise<number> {
  const { datasetId } = await client.call('datasets.import', { paths: [folder] });
  await until(async () => !(await client.call('datasets.get', { datasetId })).importing);
  return datasetId;
}

/** A short training of the embedded base. */
export async function shortRun(
  { client }: Pick<Served, 'client'>,
  datasetId: number,
  epochs: number,
): Promise<RunRequest> {
  const defaults = await client.call('runs.defaults', { datasetId, method: 'full' });
  return {
    ...defaults,
    name: 'hard',
    train: { ...defaults.train, epochs, checkpoints: [1, epochs], batchSize: 2, stateEveryMinutes: 0.02 },
    prompts: [{ prompt: 'a fox', negativePrompt: '' }],
    seeds: [0],
    recipe: { ...defaults.recipe, steps: 2 },
  };
}

export async function runOf({ client }: Pick<Served, 'client'>, runId: number): Promise<RunSummary> {
  return await client.call('runs.get', { runId });
}

export async function until(isSo: () => Promise<boolean>, seconds = 180): Promise<void> {
  const began = performance.now();
  while (!(await isSo())) {
    if (performance.now() - began > 1000 * seconds)
      throw new Error(`not so within ${seconds} s: ${String(isSo)}`);
    await sleep(50);
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** What SQLite's own check says. */
export function integrity(libraryFolder: string): unknown {
  const database = new Database(join(libraryFolder, 'library.sqlite'));
  try {
    return database.pragma('integrity_check', { simple: true });
  } finally {
    database.close();
  }
}

/** The code of what a call fails with; `done` where it does not. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'done',
    (error: unknown) => String((error as { readonly code?: unknown }).code),
  );
}
