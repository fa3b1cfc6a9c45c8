import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { lockRun } from '../../electron/runs/run-lock.ts';
import { failureOf } from './failure-of.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A process that lives until the test ends or it is told to go. */
function livingProcess(): { readonly pid: number; readonly end: () => Promise<unknown> } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const end = () => {
    child.kill('SIGKILL');
    return ended;
  };
  onTestFinished(() => void end());
  return { pid: child.pid!, end };
}

async function deadProcess(): Promise<number> {
  const { pid, end } = livingProcess();
  await end();
  return pid;
}

describe('the lock of a run', () => {
  test('keeps a second trainer out until the first is done', async () => {
    const folder = temporaryFolder();
    const lock = await lockRun(folder);
    const failure = await failureOf(lockRun(folder));
    expect(failure.code).toBe('run-busy');
    expect(failure.message).toContain(String(process.pid));
    await lock.release();
    await (await lockRun(folder)).release();
    expect(existsSync(join(folder, 'run.lock'))).toBe(false);
  });

  test('left by processes that are gone holds nobody up', async () => {
    const folder = temporaryFolder();
    const dead = await deadProcess();
    writeFileSync(join(folder, 'run.lock'), `${dead} ${dead}`);
    await (await lockRun(folder)).release();
    writeFileSync(join(folder, 'run.lock'), '');
    await (await lockRun(folder)).release();
  });

  test('waits for an engine that outlives its starter', async () => {
    const folder = temporaryFolder();
    const engine = livingProcess();
    writeFileSync(join(folder, 'run.lock'), `${await deadProcess()} ${engine.pid}`);
    const waitedFor: number[] = [];
    const lock = await lockRun(folder, {
      onWait: (pid) => {
        waitedFor.push(pid);
        void engine.end();
      },
    });
    expect(waitedFor).toEqual([engine.pid]);
    await lock.release();
  });

  test('does not wait for such an engine for ever', async () => {
    const folder = temporaryFolder();
    const engine = livingProcess();
    writeFileSync(join(folder, 'run.lock'), `${await deadProcess()} ${engine.pid}`);
    const failure = await failureOf(lockRun(folder, { patienceSeconds: 0 }));
    expect(failure).toMatchObject({
      code: 'run-busy',
      message: expect.stringContaining(String(engine.pid)) as string,
    });
  });

  test('names the engine while it runs', async () => {
    const folder = temporaryFolder();
    const lock = await lockRun(folder);
    await lock.addEngine(12);
    expect((await failureOf(lockRun(folder))).code).toBe('run-busy');
    await lock.release();
    expect(existsSync(join(folder, 'run.lock'))).toBe(false);
  });
});
