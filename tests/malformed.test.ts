/** Files that are not what they should be, met where a person's command meets them. */
import { cp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { Failure } from '../native/failure.ts';
import type { GenerateJob, Job, JobEvent, TrainingImage, TrainJob } from '../native/jobs.ts';
import { integer } from '../native/random/philox.ts';
import { runJob } from '../native/run-job.ts';
import { temporaryFolder } from './images/pictures.ts';
import { drawImages, failureOf, plainUNet, tinyJob, writeTinyModel } from './training/tiny-model.ts';

const folder = temporaryFolder();
const at = (...parts: readonly string[]): string => join(folder.path, ...parts);
let images: TrainingImage[];
beforeAll(async () => {
  await writeTinyModel(at('base'), { unet: plainUNet });
  images = await drawImages(at('images'), 4);
});

const run = (job: Job, emit: (event: JobEvent) => void = () => undefined) =>
  runJob(job, { emit, stop: new AbortController().signal });

function generateJob(base: string, output = at('picture.png'), checkpoint?: string): GenerateJob {
  const model = { base, ...(checkpoint !== undefined && { checkpoint }) };
  const recipe = {
    prompt: 'ü 日本',
    negativePrompt: '',
    seed: 1,
    sampler: 'ddim',
    steps: 1,
    guidanceScale: 1,
  } as const;
  const picture = { ...recipe, model, width: 16, height: 16, output };
  return { kind: 'generate', pictures: [picture], batchSize: 1, device: { provider: 'cpu' } };
}
const trainJob = (name: string, changes: Partial<TrainJob> = {}): TrainJob =>
  tinyJob(
    { folder: at(name, 'run'), base: at('base'), images, ...changes },
    { epochs: 1, checkpointEpochs: [1] },
  );

/** Copies the base, breaks something of the copy, and tries to make a picture with it. */
async function refusal(name: string, breakIt: (copy: string) => Promise<unknown>): Promise<Failure> {
  const copy = at(name);
  await cp(at('base'), copy, { recursive: true });
  await breakIt(copy);
  return failureOf(run(generateJob(copy)));
}
const change = async (path: string, changes: object): Promise<void> => {
  const config = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...config, ...changes }));
};

describe('a model folder', () => {
  test('whose weights were damaged anywhere is used or refused, but breaks nothing', async () => {
    const copy = at('fuzzed');
    await cp(at('base'), copy, { recursive: true });
    const file = join(copy, 'vae', 'diffusion_pytorch_model.safetensors');
    const whole = await readFile(file);
    const headerLength = Number(whole.readBigUInt64LE(0));
    const codes = new Set<string>();
    for (let round = 0; round < 120; round++) {
      const draw = (index: number, below: number): number => integer(11, 'order', round, index, below);
      const bytes = Buffer.from(whole);
      // One to three bytes of the header or of its length, or an end anywhere.
      for (let i = 0; i <= draw(0, 3); i++) bytes[draw(10 + i, 8 + headerLength)] = draw(20 + i, 256);
      await writeFile(file, round % 4 === 0 ? whole.subarray(0, draw(1, whole.length)) : bytes);
      try {
        await run({ kind: 'info', path: copy });
        await run({
          kind: 'export',
          model: { base: copy },
          format: 'diffusers',
          output: at('fuzzed out'),
          precision: 'float16',
          metadata: {},
        });
        await rm(at('fuzzed out'), { recursive: true });
      } catch (error) {
        if (!(error instanceof Failure))
          throw new Error(`Round ${round} was not foreseen.`, { cause: error });
        expect(error.message).toContain('vae');
        codes.add(error.code);
      }
    }
    expect([...codes]).toEqual(expect.arrayContaining(['safetensors-header', 'safetensors-truncated']));
  });

  test.each([
    ['unet', { class_embed_type: 'timestep' }, 'config-unsupported', 'class_embed_type'],
    ['unet', { time_cond_proj_dim: 64 }, 'config-unsupported', 'time_cond_proj_dim'],
    ['unet', { mid_block_type: 'UNetMidBlock2D' }, 'config-unsupported', 'mid_block_type'],
    ['unet', { down_block_types: ['AttnDownBlock2D'] }, 'config-invalid', 'down_block_types'],
    ['unet', { down_block_types: ['DownBlock2D', 'DownBlock2D'] }, 'config-unsupported', 'up_block_types'],
    ['unet', { layers_per_block: 1e6 }, 'config-invalid', 'layers_per_block'],
    ['unet', { attention_head_dim: 3 }, 'config-invalid', 'attention_head_dim'],
    ['unet', { norm_num_groups: 5 }, 'config-invalid', 'norm_num_groups'],
    ['unet', { in_channels: 9 }, 'model-mismatch', '9 '],
    ['unet', { cross_attention_dim: 24 }, 'model-mismatch', '24'],
    ['unet', { block_out_channels: [24] }, 'weights-shape', 'time_embedding'],
    ['unet', { layers_per_block: 2 }, 'tensor-missing', 'down_blocks.0.resnets.1'],
    ['vae', { norm_num_groups: 32 }, 'config-invalid', 'norm_num_groups'],
    ['vae', { block_out_channels: [8, 16] }, 'config-unsupported', 'block_types'],
    ['vae', { in_channels: 4 }, 'config-unsupported', 'in_channels'],
    ['vae', { scaling_factor: 0 }, 'config-invalid', 'scaling_factor'],
    ['vae', { latent_channels: '4' }, 'config-invalid', 'latent_channels'],
    ['text_encoder', { hidden_act: 'relu' }, 'config-invalid', 'hidden_act'],
    ['text_encoder', { num_attention_heads: 5 }, 'config-invalid', 'num_attention_heads'],
    ['text_encoder', { num_hidden_layers: 1e6 }, 'config-invalid', 'num_hidden_layers'],
    ['text_encoder', { vocab_size: 300 }, 'model-mismatch', '300'],
    ['text_encoder', { max_position_embeddings: 77 }, 'model-mismatch', '77'],
  ] as const)('whose %s has %o is refused, naming it', async (component, changes, code, named) => {
    const failure = await refusal(`config ${component} ${Object.entries(changes).join()}`, (copy) =>
      change(join(copy, component, 'config.json'), changes),
    );
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(named)]);
    expect(failure.message).toContain(folder.path);
  });

  test.each([
    ['tokenizer', 'tokenizer-missing'],
    ['unet', 'model-component-missing'],
    ['model_index.json', 'model-index-missing'],
    [join('vae', 'diffusion_pytorch_model.safetensors'), 'weights-missing'],
  ])('without %s is refused, naming it', async (part, code) => {
    const failure = await refusal(`without ${part.replaceAll(/\W/g, ' ')}`, (copy) =>
      rm(join(copy, part), { recursive: true }),
    );
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(part.split(/[\\/]/)[0]!)]);
  });

  test.each([
    [join('tokenizer', 'vocab.json'), '[]', /^tokenizer-|^json-/],
    [join('unet', 'config.json'), '{', /^json-invalid$/],
    [join('unet', 'config.json'), '\ufeffnull', /^json-invalid$/],
    [join('scheduler', 'scheduler_config.json'), '{"beta_schedule": "odd"}', /^scheduler-config-field$/],
    ['model_index.json', '{"_class_name": "FluxPipeline"}', /^model-unsupported$/],
  ])('whose %s says %s is refused', async (part, text, code) => {
    const name = `says ${part.replaceAll(/\W/g, ' ')} ${text.length}`;
    const failure = await refusal(name, (copy) => writeFile(join(copy, part), text));
    expect(failure.code).toMatch(code);
    expect(failure.message).toContain(part === 'model_index.json' ? at(name) : part);
  });
});

describe('a data set', () => {
  test('with an image that was cut off after the folder was read is refused, naming it', async () => {
    const broken = await drawImages(at('broken images'), 3);
    await truncate(broken[1]!.path, 200);
    for (const method of [
      { kind: 'full', textEncoder: false },
      { kind: 'vae', kl: 0 },
    ] as const) {
      const failure = await failureOf(run(trainJob(`cut off ${method.kind}`, { images: broken, method })));
      expect([failure.code, failure.message]).toEqual([
        'image-unreadable',
        expect.stringContaining(broken[1]!.path),
      ]);
    }
    await rm(broken[1]!.path);
    const gone = await failureOf(run(trainJob('gone', { images: broken })));
    expect([gone.code, gone.message]).toEqual(['image-unreadable', expect.stringContaining('no such file')]);
  });

  test('without an image, or with sizes the model cannot take, is refused', async () => {
    expect((await failureOf(run(trainJob('empty', { images: [] })))).code).toBe('no-images');
    const odd = images.map((image) => ({ ...image, width: 30 }));
    for (const method of [
      { kind: 'full', textEncoder: false },
      { kind: 'vae', kl: 0 },
    ] as const) {
      const failure = await failureOf(run(trainJob('odd', { images: odd, method })));
      expect([failure.code, failure.message]).toEqual(['image-size', expect.stringContaining(images[0]!.id)]);
      expect(failure.hint).toContain('multiples of 4');
    }
  });
});

describe('a folder called “日本 ü & spaces”', () => {
  test('works as any other, from images to an exported model', async () => {
    const home = at('日本 ü & spaces');
    const base = join(home, 'base “1”');
    await writeTinyModel(base, { unet: plainUNet });
    const [first, ...rest] = await drawImages(join(home, 'images 画'), 3);
    const renamed = { ...first!, id: '猫 ü.png', path: join(home, 'images 画', '猫 ü.png') };
    await rename(first!.path, renamed.path);
    const job = trainJob('unused', {
      folder: join(home, 'run ł'),
      cacheFolder: join(home, 'cache é'),
      base,
      images: [renamed, ...rest],
      method: { kind: 'lora', textEncoder: true, rank: 1, alpha: 1 },
    });
    const folders: string[] = [];
    await run(job, (event) => {
      if (event.type === 'checkpoint') folders.push(event.folder);
    });
    expect(folders).toEqual([join(home, 'run ł', 'checkpoints', 'epoch-0001')]);
    const output = join(home, 'pictures 絵', 'a.png');
    await run(generateJob(base, output, folders[0]));
    expect((await readFile(output)).subarray(1, 4).toString()).toBe('PNG');
    for (const [format, name] of [
      ['diffusers', 'model 型'],
      ['lora', 'lora 型.safetensors'],
    ] as const) {
      const model = { base, checkpoint: folders[0]! };
      await run({
        kind: 'export',
        model,
        format,
        output: join(home, name),
        precision: 'float32',
        metadata: {},
      });
      expect(await run({ kind: 'info', path: join(home, name) })).toMatchObject({
        model: { path: join(home, name) },
      });
    }
  });
});

describe('what lies at a path', () => {
  test('is described: a model, a checkpoint, a file', async () => {
    const parameters = async (path: string) => {
      const result = await run({ kind: 'info', path });
      if (result.kind !== 'info') throw new Error('It is no description.');
      return Object.fromEntries(
        result.model!.components.map(({ name, dtype, parameters: count }) => [name, [dtype, count]]),
      );
    };
    const whole = await parameters(at('base'));
    expect(Object.keys(whole).sort()).toEqual(['text_encoder', 'unet', 'vae']);
    await cp(at('base', 'unet'), at('checkpoint', 'unet'), { recursive: true });
    expect(await parameters(at('checkpoint'))).toEqual({ unet: whole.unet });
    expect(await parameters(at('base', 'unet', 'diffusion_pytorch_model.safetensors'))).toEqual({
      file: whole.unet,
    });
    await writeTinyModel(at('untrained'), { withoutWeights: ['vae'] });
    expect((await parameters(at('untrained'))).vae).toEqual(['no weights yet', 0]);
  });

  test('is said to be none where it is none', async () => {
    for (const path of [at('nowhere'), at('images')]) {
      const failure = await failureOf(run({ kind: 'info', path }));
      expect([failure.code, failure.message]).toEqual(['model-missing', expect.stringContaining(path)]);
    }
    expect((await failureOf(run({ kind: 'info', path: images[0]!.path }))).code).toBe('safetensors-header');
  });
});
