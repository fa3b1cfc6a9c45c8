import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { planSamples } from '../../electron/gallery/sample-plan.ts';
import { promptsOf } from '../../electron/runs/run-prompts.ts';
import { exampleRun, writeCheckpoint, writeWeights } from '../runs/example-run.ts';
import { failureOf } from '../runs/failure-of.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

function trainedRun(spec: object = {}) {
  const run = exampleRun(join(temporaryFolder(), 'run'), spec);
  writeWeights(run.job.base, 'weights of the base');
  for (const epoch of [5, 1]) writeCheckpoint(run, epoch);
  return run;
}

describe('the pictures of a run', () => {
  test('are those of the base and every checkpoint, of every prompt and seed, with the same noise', async () => {
    const run = trainedRun({ samples: { prompts: ['a fox', 'a cat'], seeds: [3, 4] } });
    const samples = await planSamples(run);
    expect(samples.map(({ epoch, prompt, seed }) => [epoch, prompt.prompt, seed])).toEqual(
      [0, 1, 5].flatMap((epoch) =>
        ['a fox', 'a cat'].flatMap((prompt) => [3, 4].map((seed) => [epoch, prompt, seed])),
      ),
    );
    expect(
      samples.map(({ picture }) => picture.model.checkpoint ?? null).filter((_, index) => index % 4 === 0),
    ).toEqual([
      null,
      join(run.folder, 'checkpoints', 'epoch-0001'),
      join(run.folder, 'checkpoints', 'epoch-0005'),
    ]);
    expect(samples[0]!.picture).toMatchObject({
      seed: 3,
      width: 64,
      height: 64,
      sampler: 'dpm++-2m-karras',
      steps: 25,
    });
    expect(new Set(samples.map(({ picture }) => picture.output)).size).toBe(12);
  });

  test('are of the captions of held-out images where no prompt was given', () => {
    const { job, ...rest } = exampleRun('/run');
    expect(promptsOf({ job, ...rest }).map(({ prompt }) => prompt)).toEqual(['a green fox']);
    expect(promptsOf({ job: { ...job, validation: [] }, ...rest }).map(({ prompt }) => prompt)).toEqual([
      'a red fox, animal',
      'a blue fox, animal',
    ]);
  });

  test('are of captions from all over, for files in their order are much alike', () => {
    const { job, ...rest } = exampleRun('/run');
    const captioned = (caption: string) => ({ ...job.validation[0]!, id: caption, captions: [caption] });
    const validation = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((letter) => captioned(`thing ${letter}`));
    expect(promptsOf({ job: { ...job, validation }, ...rest }).map(({ prompt }) => prompt)).toEqual([
      'thing a',
      'thing c',
      'thing e',
      'thing g',
    ]);
  });

  test('keep their files as long as recipe and weights are the same', async () => {
    const run = trainedRun();
    const files = async (changed = run) => (await planSamples(changed)).map(({ picture }) => picture.output);
    const before = await files();
    expect(await files()).toEqual(before);

    const moreSteps = { ...run, spec: { ...run.spec, samples: { ...run.spec.samples, steps: 26 } } };
    expect((await files(moreSteps)).filter((file) => before.includes(file))).toEqual([]);

    const embeddings = [{ file: 'glyph.safetensors', word: 'glyph' }];
    const lent = { ...run, spec: { ...run.spec, samples: { ...run.spec.samples, embeddings } } };
    expect((await files(lent)).filter((file) => before.includes(file))).toEqual([]);
    for (const { picture } of await planSamples(lent)) expect(picture.model.embeddings).toEqual(embeddings);

    const weights = join(
      run.folder,
      'checkpoints',
      'epoch-0005',
      'unet',
      'diffusion_pytorch_model.safetensors',
    );
    utimesSync(weights, new Date(0), new Date(0));
    const after = await files();
    expect(after.map((file) => before.includes(file))).toEqual([true, true, false]);
  });

  test('are others where pickled weights were replaced that are read, and the same where they are not', async () => {
    const run = trainedRun();
    const files = async () => (await planSamples(run)).map(({ picture }) => picture.output);
    const unet = join(run.folder, 'checkpoints', 'epoch-0005', 'unet');
    const before = await files();
    writeFileSync(join(unet, 'diffusion_pytorch_model.bin'), 'not read');
    expect(await files()).toEqual(before);

    rmSync(join(unet, 'diffusion_pytorch_model.safetensors'));
    const pickled = await files();
    writeFileSync(join(unet, 'diffusion_pytorch_model.bin'), 'other weights');
    expect((await files()).map((file) => pickled.includes(file))).toEqual([true, true, false]);
  });

  test('are others where a base in one file was replaced', async () => {
    const run = trainedRun();
    const base = join(run.folder, 'base.ckpt');
    const ofFile = { ...run, job: { ...run.job, base } };
    const files = async () => (await planSamples(ofFile)).map(({ picture }) => picture.output);
    writeFileSync(base, 'weights');
    const before = await files();
    expect(await files()).toEqual(before);
    writeFileSync(base, 'other weights');
    expect((await files()).filter((file) => before.includes(file))).toEqual([]);
  });

  test('cannot be of an epoch that was not kept', async () => {
    const failure = await failureOf(planSamples(trainedRun(), { epochs: [0, 1, 3] }));
    expect(failure).toMatchObject({ code: 'no-such-epoch', hint: 'It has the base (0), 1, 5.' });
  });

  test('leave the base out where training began with fresh weights', async () => {
    const samples = await planSamples(trainedRun({ method: { kind: 'scratch' } }));
    expect(samples.map(({ epoch }) => epoch)).toEqual([1, 5]);
    const empty = exampleRun(join(temporaryFolder(), 'run'), { method: { kind: 'scratch' } });
    expect((await failureOf(planSamples(empty))).code).toBe('no-checkpoint');
  });
});
