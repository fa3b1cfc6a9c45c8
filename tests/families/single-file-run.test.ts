import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';

import { openModel } from '../../native/families/open-model.ts';
import { exists } from '../../native/files/exists.ts';
import type { ModelReference } from '../../native/jobs.ts';
import { runJob } from '../../native/run-job.ts';
import { publishedClip } from '../../native/tokenizer/tokenizer-source.ts';
import { trainBpe, writeClipTokenizer } from '../../native/tokenizer/train-bpe.ts';
import { openSafetensors } from '../../native/weights/safetensors.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { writeSingleFileModel } from '../reference/single-file-models.ts';
import { drawImages, failureOf, tinyJob, trainHere, writeTinyModel } from '../training/tiny-model.ts';

const folder = temporaryFolder();
const at = (...parts: readonly string[]): string => join(folder.path, ...parts);
const context = { emit: () => undefined, stop: new AbortController().signal };
beforeAll(async () => {
  await writeSingleFileModel(folder.path, 1);
  await writeSingleFileModel(folder.path, 2);
});

async function draw(model: ModelReference, name: string): Promise<Buffer> {
  const recipe = { prompt: 'a red square', negativePrompt: '', seed: 1, sampler: 'ddim', steps: 2 } as const;
  const picture = { ...recipe, model, guidanceScale: 3, width: 64, height: 64, output: at(name) };
  await runJob({ kind: 'generate', pictures: [picture], batchSize: 1, device: { provider: 'cpu' } }, context);
  return sharp(at(name)).raw().toBuffer();
}

describe.each([
  { kind: 'full', textEncoder: true },
  { kind: 'lora', textEncoder: true, rank: 2, alpha: 2 },
] as const)('a run of $kind over a model in one file', (method) => {
  const name = method.kind;

  test('learns what it learns over the folder of the same model', async () => {
    const images = await drawImages(at('images'), 3, [[64, 64]]);
    const losses = async (base: string, run: string) => {
      const job = tinyJob({ folder: at(run), base, images, method });
      const { events } = await trainHere({ ...job, cacheFolder: at(`${run}-cache`) });
      return events.filter(({ type }) => type === 'step').map((event) => 'loss' in event && event.loss);
    };
    const file = await losses(at('sd1.safetensors'), `${name}-file`);
    expect(file.length).toBeGreaterThan(2);
    expect(await losses(at('sd1'), `${name}-folder`)).toEqual(file);
  });

  test('is exported as one file that makes the checkpoint’s own picture', async () => {
    const model = {
      base: at('sd1.safetensors'),
      checkpoint: at(`${name}-file`, 'checkpoints', 'epoch-0002'),
    };
    const output = at(`${name}.safetensors`);
    const job = { kind: 'export', model, format: 'single-file', output, precision: 'float32' } as const;
    await runJob({ ...job, metadata: { 'modelspec.title': name } }, context);
    const own = await draw(model, `${name}-run.png`);
    expect(await draw({ base: output }, `${name}-export.png`)).toEqual(own);
    expect(await draw({ base: model.base }, `${name}-base.png`)).not.toEqual(own);
    const file = await openSafetensors(output);
    expect(Object.fromEntries(file.metadata)).toMatchObject({
      'modelspec.title': name,
      'modelspec.architecture': 'stable-diffusion-v1',
    });
    await file.close();
  });
});

test('a model with a vocabulary or a shape of its own is not written as a file', async () => {
  await writeTinyModel(at('tiny'));
  const output = at('tiny.safetensors');
  const job = { kind: 'export', format: 'single-file', output, precision: 'float32', metadata: {} } as const;
  await expect(failureOf(runJob({ ...job, model: { base: at('tiny') } }, context))).resolves.toMatchObject({
    code: 'single-file-unfit',
    message: expect.stringContaining('no Stable Diffusion of a size that tools know') as string,
    hint: 'Export it as a model folder (diffusers).',
  });
  await writeClipTokenizer(at('sd1', 'tokenizer'), trainBpe(['a fox'], 514), 77);
  await expect(failureOf(runJob({ ...job, model: { base: at('sd1') } }, context))).resolves.toMatchObject({
    code: 'single-file-unfit',
    message: expect.stringContaining('a vocabulary of its own') as string,
  });
  await expect(exists(output)).resolves.toBe(false);
});

test('a model with noise or tokens of its own is not written as a file, unless marks can say it', async () => {
  const config = at('sd2', 'scheduler', 'scheduler_config.json');
  const published = JSON.parse(await readFile(config, 'utf8')) as object;
  const job = { kind: 'export', format: 'single-file', precision: 'float32', metadata: {} } as const;
  const write = (output: string) => runJob({ ...job, model: { base: at('sd2') }, output }, context);
  const refused = async (changes: object) => {
    await writeFile(config, JSON.stringify({ ...published, ...changes }));
    await expect(failureOf(write(at('refused.safetensors')))).resolves.toMatchObject({
      code: 'single-file-unfit',
      message: expect.stringContaining('a noise schedule of its own') as string,
    });
  };
  await refused({ beta_schedule: 'linear' });
  await refused({ num_train_timesteps: 500 });
  await writeFile(config, JSON.stringify({ ...published, rescale_betas_zero_snr: true }));
  await write(at('zero.safetensors'));
  expect(await readNoise(at('zero.safetensors'))).toEqual(await readNoise(at('sd2')));
  await writeFile(config, JSON.stringify(published));
  expect(await readNoise(at('sd2'))).not.toEqual(await readNoise(at('zero.safetensors')));

  const first = at('sd2', 'tokenizer');
  await rm(first, { recursive: true });
  await publishedClip(77, '<|endoftext|>').write(first);
  await expect(failureOf(write(at('padded.safetensors')))).resolves.toMatchObject({
    code: 'single-file-unfit',
  });
});

/** How much of the picture is left at the last timesteps. */
async function readNoise(base: string): Promise<readonly number[]> {
  const model = await openModel({ base });
  const signals = [900, 999].map((time) => model.noise.ratesAt(time).signal);
  await model.close();
  return signals;
}

test('a file is not given a name that says it is something else', async () => {
  const job = { kind: 'export', format: 'single-file', precision: 'float32', metadata: {} } as const;
  for (const name of ['model.ckpt', 'model', 'model.png']) {
    const failure = failureOf(runJob({ ...job, model: { base: at('sd2') }, output: at(name) }, context));
    await expect(failure).resolves.toMatchObject({ code: 'output-ending' });
    await expect(exists(at(name))).resolves.toBe(false);
  }
});

test('info tells what a file is, and by what', async () => {
  const info = await runJob({ kind: 'info', path: at('sd1.safetensors') }, context);
  expect(info).toMatchObject({
    model: {
      label: 'Stable Diffusion 1.x',
      components: [{ name: 'unet' }, { name: 'vae' }, { name: 'text_encoder' }],
      reasons: [expect.stringContaining('CLIP'), 'it predicts noise: its metadata says so'],
    },
  });
});
