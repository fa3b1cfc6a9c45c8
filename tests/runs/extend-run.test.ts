import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { extendedRun, extendRun } from '../../electron/runs/extend-run.ts';
import { createRun, readOutcome, readRun, writeOutcome } from '../../electron/runs/run-folder.ts';
import { exampleRun, writeCheckpoint } from './example-run.ts';
import { failureOf } from './failure-of.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Two steps an epoch, ten epochs. */
const planned = (train: object = {}) =>
  exampleRun(join(temporaryFolder(), 'run'), {
    train: { epochs: 10, checkpoints: [1, 15, 20], learningRate: 1e-4, ...train },
  });

describe('a run that is to have more epochs', () => {
  test('keeps what it has and those that were chosen for it, and the new last', () => {
    const { run, extension } = extendedRun(planned(), 20, { epochs: (done) => done + 8 });
    expect(run.job.settings).toMatchObject({ epochs: 18, checkpointEpochs: [1, 10, 15, 18] });
    expect(run.spec.train.epochs).toBe(18);
    expect(extension).toEqual({ step: 20, planned: { epochs: 10, checkpointEpochs: [1, 10] } });
    expect(run.job.extensions).toEqual([extension]);
    const { run: chosen } = extendedRun(planned(), 20, { epochs: () => 18, checkpoints: [12, 30] });
    expect(chosen.job.settings.checkpointEpochs).toEqual([1, 10, 12, 18]);
  });

  test('begins a schedule that falls anew, and lets a constant one go on', () => {
    const cosine = extendedRun(planned({ schedule: 'cosine' }), 20, { epochs: () => 12 });
    expect(cosine.extension.rates).toEqual({
      learningRate: 1e-4,
      schedule: { kind: 'cosine', warmupSteps: 0 },
    });
    const slower = extendedRun(planned(), 20, { epochs: () => 12, learningRate: 1e-5 });
    expect(slower.extension.rates).toEqual({
      learningRate: 1e-5,
      schedule: { kind: 'constant', warmupSteps: 0 },
    });
    // And so that goes on the next time.
    const again = extendedRun(slower.run, 24, { epochs: () => 14 });
    expect(again.extension.rates).toBeUndefined();
    expect(again.run.job.extensions).toHaveLength(2);
    expect(again.extension.planned.epochs).toBe(12);
  });

  test('takes back what was said at the same step before', () => {
    const once = extendedRun(planned(), 20, { epochs: () => 40, learningRate: 1e-5 });
    const twice = extendedRun(once.run, 20, { epochs: () => 12 });
    expect(twice.run.job.extensions).toEqual([
      { step: 20, planned: { epochs: 10, checkpointEpochs: [1, 10] } },
    ]);
    expect(twice.run.job.settings.epochs).toBe(12);
  });

  test('cannot end where it has been', () => {
    expect(() => extendedRun(planned(), 20, { epochs: () => 10 })).toThrow(/has done 10/);
  });
});

describe('the folder of a run that is to have more epochs', () => {
  const written = async () => {
    const run = planned();
    await createRun(run);
    await writeOutcome(run.folder, {
      ...{ end: 'finished', step: 20, epoch: 10, trainLoss: 0.5, validationLoss: null },
    });
    return run;
  };

  test('says so, and no more how it ended', async () => {
    const run = await written();
    mkdirSync(join(run.folder, 'state', 'step-00000020'), { recursive: true });
    mkdirSync(join(run.folder, 'state', 'step-00000024.partial'), { recursive: true });
    const { run: extended } = await extendRun(run, { epochs: () => 12 });
    const again = await readRun(run.folder);
    expect(again.job).toEqual(JSON.parse(JSON.stringify(extended.job)));
    expect(again.job.extensions).toMatchObject([{ step: 20 }]);
    expect(await readOutcome(run.folder)).toBeNull();
  });

  test('is left alone where nothing is there to go on from', async () => {
    const run = await written();
    expect((await failureOf(extendRun(run, { epochs: () => 12 }))).code).toBe('state-missing');
    expect(await readOutcome(run.folder)).toMatchObject({ end: 'finished' });
  });

  test.each([
    [{ epochs: () => 12, checkpoints: [0, 11] }, /train\.checkpoints\[0\]: must be at least 1, is 0/],
    [{ epochs: () => 1_000_001 }, /train\.epochs: must be at most 1000000/],
    [{ epochs: (done: number) => done + 1_000_000 }, /train\.epochs: must be at most 1000000/],
    [{ epochs: () => 12, learningRate: 101 }, /train\.learningRate: must be at most 100, is 101/],
  ])('is left alone where no run may be asked for that: %o', async (choice, said) => {
    const run = await written();
    mkdirSync(join(run.folder, 'state', 'step-00000020'), { recursive: true });
    const failure = await failureOf(extendRun(run, choice));
    expect(failure.code).toBe('extension-invalid');
    expect(failure.message).toMatch(said);
    expect(await readRun(run.folder)).toEqual(run);
    expect(await readOutcome(run.folder)).toMatchObject({ end: 'finished' });
  });

  test('is left alone where an epoch is kept that would be made otherwise', async () => {
    const run = await written();
    mkdirSync(join(run.folder, 'state', 'step-00000018'), { recursive: true });
    writeCheckpoint(run, 10);
    const choice = { epochs: () => 12, learningRate: 1e-5 };
    expect((await failureOf(extendRun(run, choice))).code).toBe('checkpoint-beyond');
    await extendRun(run, { epochs: () => 12 });
  });
});
