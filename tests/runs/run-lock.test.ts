import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { lockRun } from '../../electron/runs/run-lock.ts';
import { lockFile } from '../../native/files/process-lock.ts';
import { engineLock } from '../../native/jobs.ts';
import { runJob } from '../../native/run-job.ts';
import { lockElsewhere } from '../files/other-process.ts';
import { exampleRun } from './example-run.ts';
import { failureOf } from './failure-of.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe('the lock of a run', () => {
  test('keeps a second trainer out until the first is done', async () => {
    const folder = temporaryFolder();
    const release = await lockRun(folder);
    expect((await failureOf(lockRun(folder))).code).toBe('run-busy');
    release();
    (await lockRun(folder))();
  });

  test('keeps another process out, until that is no more, however it ended', async () => {
    const folder = temporaryFolder();
    const other = await lockElsewhere(join(folder, 'training.lock'));
    expect((await failureOf(lockRun(folder))).code).toBe('run-busy');
    await other.end();
    (await lockRun(folder))();
  });

  test('as earlier versions left it holds nobody up, whatever processes it names', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'run.lock'), `${process.ppid} ${process.ppid}`);
    (await lockRun(folder))();
    writeFileSync(join(folder, 'run.lock'), '');
    (await lockRun(folder))();
  });

  test('does not go with a copy of the folder', async () => {
    const [folder, copy] = [temporaryFolder(), temporaryFolder()];
    await lockElsewhere(join(folder, 'training.lock'));
    await lockElsewhere(join(folder, engineLock));
    cpSync(folder, copy, { recursive: true });
    (await lockRun(copy))();
  });

  test('waits for an engine that outlives its starter', async () => {
    const folder = temporaryFolder();
    const engine = await lockElsewhere(join(folder, engineLock));
    let waits = 0;
    const release = await lockRun(folder, {
      onWait: () => {
        waits += 1;
        setTimeout(() => void engine.end(), 500);
      },
    });
    expect(waits).toBe(1);
    release();
  });

  test('does not wait for such an engine for ever', async () => {
    const folder = temporaryFolder();
    await lockElsewhere(join(folder, engineLock));
    expect(await failureOf(lockRun(folder, { patienceSeconds: 0 }))).toMatchObject({
      code: 'run-busy',
      message: expect.stringContaining('engine') as string,
    });
    // Having given up, it keeps nobody else out.
    expect((await failureOf(lockRun(folder, { patienceSeconds: 0 }))).message).toContain('engine');
  });
});

test('an engine does not train a run that another engine is at', async () => {
  const { job, folder } = exampleRun(temporaryFolder());
  const context = { emit: () => undefined, stop: new AbortController().signal };
  const release = lockFile(join(folder, engineLock))!;
  expect((await failureOf(runJob(job, context))).code).toBe('run-busy');
  release();
  // Its base is not there: it is looked for once nobody is in the way, and the folder is free again after that.
  expect((await failureOf(runJob(job, context))).code).not.toBe('run-busy');
  lockFile(join(folder, engineLock))!();
});
