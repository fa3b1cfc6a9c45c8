/** Runs cases in a process that is watched: one that hangs, dies or takes all memory is a fault like any other. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Failure } from '../../native/failure.ts';
import { figure, megabytes } from './figures.ts';

export interface FuzzCase {
  readonly name: string;
  /** Reads one damaged input; a `Failure` is an answer, any other error a fault. */
  readonly run: (seed: number) => Promise<unknown>;
}

interface Report {
  readonly seed: number;
  readonly name: string;
  readonly milliseconds: number;
  readonly bytes: number;
  readonly outcome: 'read' | 'refused' | 'fault';
  readonly error?: string;
}

/** Of one input. Machines under load take several times as long as a quiet one. */
const longest = 10_000;
const mostBytes = 1536 * 2 ** 20;

/** Where the watched process may write; the one that watches removes it. */
export function ownFolder(): string {
  const folder = process.env.SCREENFOLD_FUZZ_FOLDER;
  return mkdtempSync(join(folder ?? tmpdir(), 'inputs-'));
}

/** In the watched process: takes a seed, does its case, tells how it went. */
export async function serveCases(open: () => Promise<readonly FuzzCase[]>): Promise<void> {
  const cases = await open();
  process.on('message', (seed: number) => {
    void report(cases[seed % cases.length]!, seed).then((told) => process.send!(told));
  });
  process.send!('ready');
}

async function report({ name, run }: FuzzCase, seed: number): Promise<Report> {
  const began = performance.now();
  const how = await run(seed).then(
    () => ({ outcome: 'read' as const }),
    (error: unknown) =>
      error instanceof Failure && error.message !== '' && error.hint !== ''
        ? { outcome: 'refused' as const }
        : {
            outcome: 'fault' as const,
            error:
              error instanceof Error
                ? (error.stack ?? error.message).split('\n').slice(0, 4).join('\n')
                : String(error),
          },
  );
  return { seed, name, milliseconds: performance.now() - began, bytes: process.memoryUsage.rss(), ...how };
}

/** In the watching process: `count` inputs, and the figures of them. */
export async function fuzz(title: string, entry: string, count: number, firstSeed: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'screenfold-fuzz-'));
  const faults: string[] = [];
  const sums = { read: 0, refused: 0, slowest: 0, slowestCase: '', memory: 0 };
  let child: ChildProcess | null = null;
  for (let done = 0; done < count; done++) {
    const seed = firstSeed + done;
    child ??= await started(entry, folder);
    const told = await ask(child, seed);
    if (typeof told === 'string') {
      faults.push(`seed ${seed}: ${told}`);
      child = null;
      continue;
    }
    if (told.outcome === 'fault') faults.push(`seed ${seed}, ${told.name}: ${told.error ?? ''}`);
    else sums[told.outcome] += 1;
    if (told.milliseconds > sums.slowest)
      Object.assign(sums, { slowest: told.milliseconds, slowestCase: told.name });
    sums.memory = Math.max(sums.memory, told.bytes);
    if (told.bytes > mostBytes) {
      faults.push(`seed ${seed}, ${told.name}: ${megabytes(told.bytes)} MB`);
      child.kill('SIGKILL');
      child = null;
    }
  }
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  for (const fault of faults.slice(0, 20)) console.error(fault);
  figure(
    title,
    {
      inputs: count,
      read: sums.read,
      refused: sums.refused,
      'slowest (ms)': `${Math.round(sums.slowest)} (${sums.slowestCase})`,
      'memory (MB)': megabytes(sums.memory),
    },
    faults.length,
  );
}

async function started(entry: string, folder: string): Promise<ChildProcess> {
  const child = fork(entry, ['--worker'], {
    execArgv: ['--max-old-space-size=1024'],
    env: { ...process.env, SCREENFOLD_FUZZ_FOLDER: folder },
  });
  child.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => {
      resolve();
    });
    child.once('exit', (code) => {
      reject(new Error(`the process with the readers did not start (${String(code)})`));
    });
  });
  child.removeAllListeners('exit');
  return child;
}

function ask(child: ChildProcess, seed: number): Promise<Report | string> {
  return new Promise((resolve) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      end(`no answer in ${longest / 1000} s`);
    }, longest);
    const end = (told: Report | string) => {
      clearTimeout(late);
      child.removeAllListeners('message').removeAllListeners('exit');
      resolve(told);
    };
    child.once('message', (told) => {
      end(told as unknown as Report);
    });
    child.once('exit', (code, signal) => {
      end(`the process ended (${signal ?? String(code)})`);
    });
    child.send(seed);
  });
}
