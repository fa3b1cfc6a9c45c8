import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import {
  checkpointEpochs,
  createRun,
  readEpochLosses,
  readOutcome,
  readRun,
  writeOutcome,
} from '../../electron/runs/run-folder.ts';
import { exampleRun, writeCheckpoint } from './example-run.ts';
import { failureOf } from './failure-of.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe('a run folder', () => {
  test('gives back the run it was made for', async () => {
    const run = exampleRun(join(temporaryFolder(), 'run'));
    await createRun(run);
    const again = await readRun(run.folder);
    expect(again).toEqual(run);
    // To the order of keys: the engine tells by it whether a run goes on as it began.
    expect(JSON.stringify(again.job)).toBe(JSON.stringify(run.job));
    expect(readdirSync(run.folder)).toEqual(['run.json']);
  });

  test('written before runs named their optimizer is read, its job as it was', async () => {
    const run = exampleRun(join(temporaryFolder(), 'run'));
    await createRun(run);
    const file = join(run.folder, 'run.json');
    const written = JSON.parse(readFileSync(file, 'utf8')) as Pick<typeof run, 'spec' | 'job'>;
    const { kind: _kind, ...beside } = run.spec.train.optimizer;
    const { optimizer: _train, ...train } = written.spec.train;
    const { optimizer: _settings, ...settings } = written.job.settings;
    const old = {
      ...written,
      spec: { ...written.spec, train: { ...train, ...beside } },
      job: { ...written.job, settings: { ...settings, ...beside } },
    };
    writeFileSync(file, JSON.stringify(old));
    const { spec, job } = await readRun(run.folder);
    expect(spec).toEqual(run.spec);
    expect(JSON.stringify(job)).toBe(JSON.stringify(old.job));
  });

  test('whose file leaves its training out is read with what is usual', async () => {
    const run = exampleRun(join(temporaryFolder(), 'run'));
    await createRun(run);
    const file = join(run.folder, 'run.json');
    const written = JSON.parse(readFileSync(file, 'utf8')) as Pick<typeof run, 'spec' | 'job'>;
    const { train: _train, ...spec } = written.spec;
    writeFileSync(file, JSON.stringify({ ...written, spec }));
    const again = await readRun(run.folder);
    expect(again.spec.train.optimizer.kind).toBe('adamw');
    expect(JSON.stringify(again.job)).toBe(JSON.stringify(run.job));
  });

  test('may be moved', async () => {
    const folder = temporaryFolder();
    await createRun(exampleRun(join(folder, 'run')));
    renameSync(join(folder, 'run'), join(folder, 'moved'));
    const { job, spec } = await readRun(join(folder, 'moved'));
    expect([job.folder, spec.folder]).toEqual([join(folder, 'moved'), join(folder, 'moved')]);
  });

  test('is not made where another run lies', async () => {
    const run = exampleRun(join(temporaryFolder(), 'run'));
    await createRun(run);
    expect((await failureOf(createRun(run))).code).toBe('run-exists');
  });

  test('that is none, or damaged, is refused by name', async () => {
    const folder = temporaryFolder();
    expect((await failureOf(readRun(folder))).code).toBe('run-missing');
    for (const text of ['', '{', '[]', '{"formatVersion":2}', '{"formatVersion":1,"spec":{},"job":{}}']) {
      writeFileSync(join(folder, 'run.json'), text);
      const failure = await failureOf(readRun(folder));
      expect(failure.code).toBe('run-invalid');
      expect(failure.message).toContain(join(folder, 'run.json'));
    }
  });

  test.each([
    [{ step: 8, planned: null }, 'planned: must be an object'],
    [
      { step: 8, planned: { epochs: 4, checkpointEpochs: [4] }, rates: { learningRate: 'x' } },
      'learningRate',
    ],
  ])('that says wrongly how it was trained on is refused by name: %o', async (extension, said) => {
    const run = exampleRun(join(temporaryFolder(), 'run'));
    await createRun({ ...run, job: { ...run.job, extensions: [extension] as never } });
    const failure = await failureOf(readRun(run.folder));
    expect(failure.code).toBe('run-invalid');
    expect(failure.message).toContain(`job.extensions[0].`);
    expect(failure.message).toContain(said);
  });

  test('has the epochs whose checkpoints are whole', async () => {
    const run = exampleRun(join(temporaryFolder(), 'run'));
    expect(await checkpointEpochs(run.folder)).toEqual([]);
    for (const epoch of [100, 1, 12_345]) writeCheckpoint(run, epoch);
    mkdirSync(join(run.folder, 'checkpoints', 'epoch-0005.partial-0123456789ab'));
    expect(await checkpointEpochs(run.folder)).toEqual([1, 100, 12_345]);
  });

  test('tells how it ended, once it has', async () => {
    const folder = temporaryFolder();
    expect(await readOutcome(folder)).toBeNull();
    const outcome = { end: 'stopped', step: 7, epoch: 2, trainLoss: 0.5, validationLoss: null } as const;
    await writeOutcome(folder, outcome);
    expect(await readOutcome(folder)).toEqual(outcome);
  });

  test('tells losses by epoch, the last word counting, whatever a crash left', async () => {
    const folder = temporaryFolder();
    const line = (epoch: number, trainLoss: number) =>
      `${JSON.stringify({ type: 'epoch', epoch, trainLoss, validationLoss: null })}\n`;
    const step = `${JSON.stringify({ type: 'step', step: 1, loss: 1 })}\n`;
    writeFileSync(
      join(folder, 'metrics.jsonl'),
      `${line(1, 0.5)}${step}${line(2, 0.4)}${line(2, 0.3)}{"type":"ep`,
    );
    expect(await readEpochLosses(folder)).toEqual([
      { type: 'epoch', epoch: 1, trainLoss: 0.5, validationLoss: null },
      { type: 'epoch', epoch: 2, trainLoss: 0.3, validationLoss: null },
    ]);
  });
});
