import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { Engine } from '../../electron/engine/engine.ts';
import { exportRun, tagFrequency } from '../../electron/exports/export-run.ts';
import type { ExportJob, Job } from '../../native/jobs.ts';
import { exampleRun, writeCheckpoint, writeWeights } from '../runs/example-run.ts';
import { failureOf } from '../runs/failure-of.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

/** Writes what was asked for, with `weights` for weights, and remembers the job. */
function exportingEngine(): { readonly engine: Engine; readonly jobs: ExportJob[] } {
  const jobs: ExportJob[] = [];
  const run = (job: Job) => {
    if (job.kind !== 'export') throw new Error('This engine only exports.');
    jobs.push(job);
    if (job.format === 'diffusers') writeWeights(job.output);
    else {
      mkdirSync(dirname(job.output), { recursive: true });
      writeFileSync(job.output, 'weights');
    }
    return Promise.resolve({ kind: 'export', output: job.output, bytes: 7 });
  };
  return { engine: { run: run as Engine['run'] }, jobs };
}

const choice = {
  precision: 'float16',
  software: 'Screenfold 0.1.0',
  date: new Date('2026-02-03T04:05:06Z'),
} as const;
/** SHA-256 of `weights`, by `printf weights | sha256sum` (GNU coreutils 9.1). */
const hash = '9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c';

function trainedRun(spec: object = {}) {
  const run = exampleRun(join(temporaryFolder(), 'run'), spec);
  for (const epoch of [1, 45]) writeCheckpoint(run, epoch);
  writeFileSync(
    join(run.folder, 'metrics.jsonl'),
    `${JSON.stringify({ type: 'epoch', epoch: 45, trainLoss: 0.1, validationLoss: 0.2 })}\n`,
  );
  return run;
}

describe('exporting a run', () => {
  test('writes the last epoch as a model folder with a card', async () => {
    const run = trainedRun();
    const { engine, jobs } = exportingEngine();
    const exported = await exportRun(run, choice, engine);
    expect(exported).toMatchObject({ format: 'diffusers', epoch: 45, bytes: 7 });
    expect(exported.output).toBe(join(run.folder, 'exports', 'foxes-epoch-45'));
    expect(jobs[0]?.model.checkpoint).toBe(join(run.folder, 'checkpoints', 'epoch-0045'));

    const card = readFileSync(join(exported.output, 'README.md'), 'utf8');
    expect(card).toMatch(/^---\nbase_model: "base"\ntags:\n/);
    expect(card).toContain('| Method | full finetuning of UNet |');
    expect(card).toContain('| Epoch | 45 of 100 |');
    expect(card).toContain('| Images | 2, and 1 held out |');
    expect(card).toContain('| Held-out loss | 0.20000 |');
    expect(card).toContain('- a red fox, animal');
    expect(card).toContain('Made with Screenfold 0.1.0 on 2026-02-03.');
    expect(card).toContain(`- \`unet/diffusion_pytorch_model.safetensors\`: \`${hash}`);
  });

  test('writes a LoRA run as one file, with what its tools show in its head and a card beside it', async () => {
    const run = trainedRun({ method: { kind: 'lora', rank: 4 } });
    const { engine, jobs } = exportingEngine();
    const output = join(dirname(run.folder), 'fox style.safetensors');
    const exported = await exportRun(run, { ...choice, epoch: 1, output }, engine);
    expect(exported).toMatchObject({ format: 'lora', epoch: 1, output });
    expect(jobs[0]?.metadata).toMatchObject({
      ss_output_name: 'fox style',
      ss_epoch: '1',
      ss_num_train_images: '2',
      ss_tag_frequency: '{"photos":{"animal":2,"a red fox":1,"a blue fox":1}}',
    });
    const card = readFileSync(join(dirname(output), 'fox style.md'), 'utf8');
    expect(card).toContain('LoRA of rank 4, alpha 4, on UNet');
    expect(card).toContain('  - lora\n');
  });

  test('names the licence that the base states', async () => {
    const run = trainedRun();
    mkdirSync(run.job.base);
    writeFileSync(
      join(run.job.base, 'README.md'),
      '---\nlicense: creativeml-openrail-m\ntags: [x]\n---\n# SD\n',
    );
    const { card } = await exportRun(run, choice, exportingEngine().engine);
    expect(readFileSync(card, 'utf8')).toContain('license: "creativeml-openrail-m"');
  });

  test('refuses what is not there, what makes no sense and what would be written over', async () => {
    const run = trainedRun();
    const { engine, jobs } = exportingEngine();
    expect(await failureOf(exportRun(run, { ...choice, epoch: 2 }, engine))).toMatchObject({
      code: 'no-such-epoch',
      hint: 'It has 1, 45.',
    });
    expect((await failureOf(exportRun(run, { ...choice, format: 'lora' }, engine))).code).toBe('not-a-lora');
    const output = dirname(run.folder);
    expect((await failureOf(exportRun(run, { ...choice, output }, engine))).code).toBe('output-exists');
    expect(jobs).toEqual([]);
    expect(existsSync(join(run.folder, 'exports'))).toBe(false);
  });

  test('writes over nobody’s file, that of the card’s name neither', async () => {
    const run = trainedRun();
    const { engine, jobs } = exportingEngine();
    const output = join(temporaryFolder(), 'notes.safetensors');
    const notes = output.replace('.safetensors', '.md');
    writeFileSync(notes, 'my own notes');
    const asked = { ...choice, format: 'single-file', output } as const;
    const failure = await failureOf(exportRun(run, asked, engine));
    expect([failure.code, failure.message]).toEqual(['output-exists', `${notes} exists already.`]);
    expect([readFileSync(notes, 'utf8'), jobs]).toEqual(['my own notes', []]);
  });

  test('lays the card beside the model, however its ending is written', async () => {
    const { engine } = exportingEngine();
    const output = join(temporaryFolder(), 'MODEL.SAFETENSORS');
    const asked = { ...choice, format: 'single-file', output } as const;
    const { card } = await exportRun(trainedRun(), asked, engine);
    expect(card).toBe(output.replace('.SAFETENSORS', '.md'));
    expect(readFileSync(output, 'utf8')).toBe('weights');
  });

  test('counts in how many images a tag is, the most frequent first', () => {
    const image = (caption: string) => ({ id: '', path: '', width: 1, height: 1, captions: [caption] });
    expect(Object.entries(tagFrequency(['b, a, a', 'a', ''].map(image)))).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
  });
});
