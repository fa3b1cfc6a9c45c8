import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { readOutcome, readRun } from '../../electron/runs/run-folder.ts';
import { lockRun } from '../../electron/runs/run-lock.ts';
import { openRun, refuseFinished, trainRun } from '../../electron/runs/train-run.ts';
import { Failure } from '../../native/failure.ts';
import type { TrainResult } from '../../native/jobs.ts';
import { exampleRun } from './example-run.ts';
import { failureOf } from './failure-of.ts';
import { temporaryFolder } from './temporary-folder.ts';

function ended(end: TrainResult['end']): () => Promise<TrainResult> {
  return () =>
    Promise.resolve({ kind: 'train', end, step: 3, epoch: 1, trainLoss: 0.5, validationLoss: null });
}

describe('training a run', () => {
  test('writes down how it ended, and lets go of the folder', async () => {
    const { run, resumed } = await openRun(exampleRun(join(temporaryFolder(), 'run')));
    expect(resumed).toBe(false);
    await trainRun(run, { runJob: ended('finished') });
    expect(await readOutcome(run.folder)).toMatchObject({ end: 'finished', step: 3 });
    (await lockRun(run.folder))();
  });

  test('clears away what a command line that was killed left half-written', async () => {
    const { run } = await openRun(exampleRun(join(temporaryFolder(), 'run')));
    await writeFile(join(run.folder, 'outcome.json.partial-0123456789ab'), '{');
    await writeFile(join(run.folder, 'run.json.partial-ba9876543210'), '{');
    await writeFile(join(run.folder, 'my.partial-notes'), 'kept');
    await trainRun(run, { runJob: ended('stopped') });
    const left = (await readdir(run.folder)).filter((name) => name.includes('.partial'));
    expect(left).toEqual(['my.partial-notes']);
  });

  test('that fails lets go of the folder and stays unfinished', async () => {
    const { run } = await openRun(exampleRun(join(temporaryFolder(), 'run')));
    const failing = () =>
      Promise.reject(new Failure('loss-not-finite', 'The loss is NaN.', 'Lower the rate.'));
    expect((await failureOf(trainRun(run, { runJob: failing }))).code).toBe('loss-not-finite');
    (await lockRun(run.folder))();
    await refuseFinished(run.folder);
  });

  test('goes on where the same is asked for again, on whatever device', async () => {
    const planned = exampleRun(join(temporaryFolder(), 'run'));
    const { run } = await openRun(planned);
    await trainRun(run, { runJob: ended('stopped') });
    const again = { ...planned, job: { ...planned.job, device: { provider: 'cpu' } as const } };
    expect((await openRun(again)).resumed).toBe(true);
  });

  test('goes on where the same was asked for before runs named their optimizer', async () => {
    const planned = exampleRun(join(temporaryFolder(), 'run'));
    const { optimizer, ...others } = planned.job.settings;
    const { kind: _kind, ...beside } = optimizer!;
    const before = { ...planned, job: { ...planned.job, settings: { ...others, ...beside } } };
    await openRun(before);
    const { run, resumed } = await openRun(planned);
    expect(resumed).toBe(true);
    expect(run.job).toEqual(before.job);
    await mkdir(join(planned.folder, 'state'));
    const other = exampleRun(planned.folder, { train: { optimizer: { kind: 'adamw', beta1: 0.8 } } });
    expect((await failureOf(openRun(other))).code).toBe('run-differs');
  });

  test('goes on with as many images at once as it is asked to, or with as many as before', async () => {
    const planned = exampleRun(join(temporaryFolder(), 'run'), { train: { batchSize: 4 } });
    await openRun(planned);
    await writeFile(join(planned.folder, 'metrics.jsonl'), '');
    const inTurn = exampleRun(planned.folder, { train: { batchSize: 4, imagesAtOnce: 1 } });
    for (const asked of [inTurn, planned]) {
      const { run, resumed } = await openRun(asked);
      expect(resumed).toBe(true);
      expect([run.job.settings.imagesAtOnce, run.spec.train.imagesAtOnce]).toEqual([1, 1]);
      expect((await readRun(planned.folder)).job.settings.imagesAtOnce).toBe(1);
    }
    const release = await lockRun(planned.folder);
    const others = exampleRun(planned.folder, { train: { batchSize: 4, imagesAtOnce: 2 } });
    expect((await failureOf(openRun(others))).code).toBe('run-busy');
    release();
    expect((await readRun(planned.folder)).job.settings.imagesAtOnce).toBe(1);
  });

  test('does not mix with an unfinished run that asks for something else', async () => {
    const planned = exampleRun(join(temporaryFolder(), 'run'));
    await openRun(planned);
    await writeFile(join(planned.folder, 'metrics.jsonl'), '');
    const other = exampleRun(planned.folder, { train: { epochs: 3 } });
    const failure = await failureOf(openRun(other));
    expect(failure.code).toBe('run-differs');
    expect(failure.hint).toContain(`screenfold resume ${planned.folder}`);
  });

  test('takes the place of a run that failed before it began, whose settings were other ones', async () => {
    const { folder, ...planned } = exampleRun(join(temporaryFolder(), 'run'));
    const { run } = await openRun({ folder, ...planned });
    const failing = () =>
      Promise.reject(new Failure('clip-skip-invalid', 'No such layer.', 'Leave it at 1.'));
    await failureOf(trainRun(run, { runJob: failing }));
    await mkdir(join(folder, 'artifacts'));
    await writeFile(join(folder, 'class-images.json'), '{}');
    const other = exampleRun(folder, { train: { epochs: 3 } });
    const release = await lockRun(folder);
    expect((await failureOf(openRun(other))).code).toBe('run-busy');
    release();
    expect(await openRun(other)).toMatchObject({ run: { job: { settings: { epochs: 3 } } }, resumed: false });
    const left = await readdir(folder);
    expect(left.filter((name) => !name.endsWith('.lock'))).toEqual(['run.json']);
    expect((await openRun(other)).resumed).toBe(true);
  });

  test('never touches a run that has finished', async () => {
    const planned = exampleRun(join(temporaryFolder(), 'run'));
    const { run } = await openRun(planned);
    await trainRun(run, { runJob: ended('finished') });
    expect((await failureOf(openRun(planned))).code).toBe('run-finished');
    expect((await failureOf(refuseFinished(planned.folder))).code).toBe('run-finished');
  });
});
