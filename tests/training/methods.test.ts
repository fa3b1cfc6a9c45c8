import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { openModel } from '../../native/families/open-model.ts';
import type { JobEvent, Method, TrainingImage, TrainingSettings, TrainJob } from '../../native/jobs.ts';
import { thumbnailOf } from '../../native/training/text-graph.ts';
import { openSafetensors, type SafetensorsFile } from '../../native/weights/safetensors.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import {
  drawImages,
  failureOf,
  hashTree,
  plainUNet,
  tinyJob,
  tinyParameters,
  trainHere,
  writeTinyModel,
} from './tiny-model.ts';

const folder = temporaryFolder();
let images: TrainingImage[];
beforeAll(async () => {
  await writeTinyModel(join(folder.path, 'base'));
  await writeTinyModel(join(folder.path, 'plain'), { unet: plainUNet });
  await writeTinyModel(join(folder.path, 'bare'), {
    unet: plainUNet,
    withoutWeights: ['unet', 'text_encoder'],
  });
  await writeTinyModel(join(folder.path, 'bare unet'), { unet: plainUNet, withoutWeights: ['unet'] });
  await writeTinyModel(join(folder.path, 'no vae'), { unet: plainUNet, withoutWeights: ['vae'] });
  images = await drawImages(join(folder.path, 'images'), 6);
});

/** Trains six epochs of two steps, checkpoints at two of them. */
async function trainTiny(
  name: string,
  method: Method,
  changes: Partial<TrainingSettings> = {},
  base = 'base',
): Promise<{ job: TrainJob; events: readonly JobEvent[]; validation: number[] }> {
  const job = tinyJob(
    {
      folder: join(folder.path, name, 'run'),
      cacheFolder: join(folder.path, 'cache'),
      base: join(folder.path, base),
      images: images.slice(0, 4),
      validation: images.slice(4),
      method,
    },
    { epochs: 6, checkpointEpochs: [2, 6], learningRate: 4e-3, captionDropout: 0.2, ...changes },
  );
  const { events, result } = await trainHere(job);
  expect(result).toMatchObject({ end: 'finished', step: 12, epoch: 6 });
  const epochs = events.filter((event) => event.type === 'epoch');
  expect(result.validationLoss).toBe(epochs.at(-1)!.validationLoss);
  return { job, events, validation: epochs.map(({ validationLoss }) => validationLoss!) };
}

/** Checkpoints of exactly the epochs asked for, each holding these files and its summary. */
async function expectFiles({ folder: run }: TrainJob, files: readonly string[]): Promise<void> {
  expect(await readdir(join(run, 'checkpoints'))).toEqual(['epoch-0002', 'epoch-0006']);
  for (const epoch of [2, 6]) {
    const checkpoint = join(run, 'checkpoints', `epoch-000${epoch}`);
    expect(Object.keys(await hashTree(checkpoint))).toEqual([...files, 'checkpoint.json'].sort());
    const summary = JSON.parse(await readFile(join(checkpoint, 'checkpoint.json'), 'utf8')) as unknown;
    expect(summary).toMatchObject({ epoch, step: 2 * epoch });
  }
}

async function withFile<T>(path: string, work: (file: SafetensorsFile) => Promise<T> | T): Promise<T> {
  const file = await openSafetensors(path);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

/** Names and shapes of a file's tensors, and the one type they all have. */
function contents(path: string): Promise<{ shapes: Record<string, readonly number[]>; types: Set<string> }> {
  return withFile(path, ({ tensors }) => ({
    shapes: Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape])),
    types: new Set([...tensors.values()].map(({ dtype }) => dtype)),
  }));
}

const last = ({ folder: run }: TrainJob, ...parts: readonly string[]): string =>
  join(run, 'checkpoints', 'epoch-0006', ...parts);
const unetFile = join('unet', 'diffusion_pytorch_model.safetensors');
const textFile = join('text_encoder', 'model.safetensors');
const component = (...files: readonly string[]): string[] =>
  files.flatMap((file) => [file, join(file, '..', 'config.json')]);
const shapesOf = (...model: Parameters<typeof tinyParameters>) =>
  Object.fromEntries(tinyParameters(...model).map(({ key, shape }) => [key, shape]));

/** It learns: with the same noise and timesteps, held-out images are told better at the end. */
function expectLearning(validation: readonly number[]): void {
  // Before the first step, and after each of six epochs.
  expect(validation).toHaveLength(7);
  expect(validation.at(-1)).toBeLessThan(validation[0]! * 0.99);
}

describe('full finetuning', () => {
  test('of the UNet keeps the UNet alone, in full', async () => {
    const { job, validation } = await trainTiny('full', { kind: 'full', textEncoder: false });
    expectLearning(validation);
    await expectFiles(job, component(unetFile));
    expect(await contents(last(job, unetFile))).toEqual({
      shapes: shapesOf('unet'),
      types: new Set(['F32']),
    });
    const config = await readFile(last(job, 'unet', 'config.json'), 'utf8');
    expect(config).toBe(await readFile(join(folder.path, 'base', 'unet', 'config.json'), 'utf8'));
  });

  test('of UNet and text encoder keeps both, in half precision where that is wanted', async () => {
    const { job, validation } = await trainTiny(
      'full with text',
      { kind: 'full', textEncoder: true },
      { checkpointPrecision: 'float16' },
      'plain',
    );
    expectLearning(validation);
    await expectFiles(job, component(unetFile, textFile));
    const types = new Set(['F16']);
    expect(await contents(last(job, unetFile))).toEqual({ shapes: shapesOf('unet', plainUNet), types });
    expect(await contents(last(job, textFile))).toEqual({ shapes: shapesOf('text_encoder'), types });
  });

  test('is the same twice, losses and checkpoints, and its moving average is what is kept', async () => {
    const method = { kind: 'full', textEncoder: false } as const;
    const changes = {
      emaDecay: 0.7,
      batchSize: 1,
      gradientAccumulation: 2,
      randomFlip: true,
      minSnrGamma: 5,
    };
    const runs = [];
    for (const name of ['twice', 'again']) {
      const { job, events } = await trainTiny(name, method, changes, 'plain');
      const said = events.filter(({ type }) => type === 'epoch');
      runs.push({ job, said, files: await hashTree(join(job.folder, 'checkpoints')) });
    }
    const [first, second] = runs as [(typeof runs)[0], (typeof runs)[0]];
    expect(second.said).toEqual(first.said);
    expect(second.files).toEqual(first.files);

    const state = join(first.job.folder, 'state', 'step-00000012', 'tensors.safetensors');
    const checkpoint = last(first.job, unetFile);
    await withFile(state, (tensors) =>
      withFile(checkpoint, async (kept) => {
        for (const name of kept.tensors.keys()) {
          const average = await tensors.readAs(`ema/unet.${name}`, 'float32');
          expect(maxDifference(await kept.readAs(name, 'float32'), average), name).toBe(0);
        }
        const weights = await tensors.readAs('parameter/unet.conv_in.weight', 'float32');
        expect(maxDifference(weights, await kept.readAs('conv_in.weight', 'float32'))).toBeGreaterThan(0);
      }),
    );
  });
});

describe('LoRA', () => {
  const modules = (keys: readonly string[], prefix: string): Set<string> =>
    new Set(keys.filter((key) => key.startsWith(prefix)).map((key) => key.split('.')[0]!));

  test.each([false, true])('keeps adapters alone, with the text encoder: %s', async (textEncoder) => {
    const { job, validation } = await trainTiny(
      `lora ${textEncoder}`,
      { kind: 'lora', textEncoder, rank: 3, alpha: 6 },
      { learningRate: 2e-2 },
    );
    expectLearning(validation);
    await expectFiles(job, ['lora.safetensors']);
    const { shapes, types } = await contents(last(job, 'lora.safetensors'));
    expect(types).toEqual(new Set(['F32']));
    const keys = Object.keys(shapes);
    // Four transformers, each of 8 projections of attention, 2 of the MLP and 2 about it; 6 in a layer of CLIP.
    expect(modules(keys, 'lora_unet_').size).toBe(4 * 12);
    expect(modules(keys, 'lora_te_').size).toBe(textEncoder ? 2 * 6 : 0);
    expect(keys).toHaveLength(3 * (48 + (textEncoder ? 12 : 0)));
    const name = 'lora_unet_down_blocks_0_attentions_0';
    expect(shapes[`${name}_transformer_blocks_0_attn2_to_k.lora_down.weight`]).toEqual([3, 16]);
    expect(shapes[`${name}_proj_in.lora_down.weight`]).toEqual([3, 16, 1, 1]);
    expect(shapes[`${name}_proj_in.lora_up.weight`]).toEqual([16, 3, 1, 1]);
    await withFile(last(job, 'lora.safetensors'), async (file) => {
      expect([...(await file.readAs(`${name}_proj_in.alpha`, 'float32'))]).toEqual([6]);
      expect(file.metadata.get('ss_network_dim')).toBe('3');
      const up = await file.readAs(`${name}_proj_in.lora_up.weight`, 'float32');
      expect(up.some((value) => value !== 0)).toBe(true);
    });
  });
});

describe('training from scratch', () => {
  test('keeps UNet and text encoder of a base that has only their configs', async () => {
    const { job, validation } = await trainTiny('scratch', { kind: 'scratch' }, {}, 'bare');
    expectLearning(validation);
    await expectFiles(job, component(unetFile, textFile));
    const model = await openModel({ base: job.base, checkpoint: last(job) });
    expect(['unet', 'text_encoder'].map((name) => model.component(name).hasWeights)).toEqual([true, true]);
    await model.close();
  });

  test('of the UNet alone reads the base’s text encoder as it is', async () => {
    const { job, validation } = await trainTiny(
      'scratch unet',
      { kind: 'scratch', textEncoder: false },
      {},
      'bare unet',
    );
    expectLearning(validation);
    await expectFiles(job, component(unetFile));
  });

  test('is what a base without weights needs', async () => {
    const failure = await failureOf(trainTiny('bare', { kind: 'full', textEncoder: false }, {}, 'bare'));
    expect(failure.code).toBe('weights-missing');
    expect(failure.hint).toContain('from scratch');
  });
});

describe('the text encoder alone', () => {
  test('learns from fresh weights to tell pictures by their captions', async () => {
    const { job, validation } = await trainTiny('text', { kind: 'text' }, {}, 'bare');
    expectLearning(validation);
    await expectFiles(job, component(textFile));
    expect((await contents(last(job, textFile))).shapes).toEqual(shapesOf('text_encoder'));
  });

  test('is trained further from the base’s weights', async () => {
    const { job } = await trainTiny('text further', { kind: 'text' }, { learningRate: 1e-4 });
    const name = 'text_model.final_layer_norm.weight';
    const [before, after] = await Promise.all(
      [join(folder.path, 'base', textFile), last(job, textFile)].map((file) =>
        withFile(file, (opened) => opened.readAs(name, 'float32')),
      ),
    );
    expect(maxDifference(before!, after!)).toBeLessThan(20 * 1e-4);
    expect(maxDifference(before!, after!)).toBeGreaterThan(0);
  });

  test('is told by thumbnails of mean colours, patch by patch', () => {
    // 32x32 pixels, each as bright as its row: a patch's rows are four thumbnail pixels apart in value.
    const picture = Float32Array.from({ length: 3 * 32 * 32 }, (_, i) => Math.floor(i / 32) % 32);
    const thumbnail = thumbnailOf(picture, { width: 32, height: 32 });
    expect(thumbnail).toHaveLength(64 * 12);
    expect([...thumbnail.subarray(0, 4)]).toEqual([0.5, 0.5, 2.5, 2.5]);
    expect([...thumbnail.subarray(8 * 12, 8 * 12 + 4)]).toEqual([4.5, 4.5, 6.5, 6.5]);
  });
});

describe('the VAE', () => {
  test('is trained from fresh weights, and its scaling factor measured', async () => {
    const { job, validation } = await trainTiny('vae', { kind: 'vae', kl: 1e-6 }, {}, 'no vae');
    expectLearning(validation);
    const file = join('vae', 'diffusion_pytorch_model.safetensors');
    await expectFiles(job, component(file));
    expect((await contents(last(job, file))).shapes).toEqual(shapesOf('vae'));
    const model = await openModel({ base: job.base, checkpoint: last(job) });
    const scalingFactor = model.autoencoder.scalingFactor;
    await model.close();
    expect(scalingFactor).toBeGreaterThan(0);
    expect(scalingFactor).not.toBe(0.5);
  });

  test('has its decoder trained over latents with as much noise as is asked for', async () => {
    const learn = async (latentNoise: number, name: string): Promise<number> =>
      (await trainTiny(name, { kind: 'decoder', latentNoise, edgeWeight: 1 })).validation.at(-1)!;
    const none = await learn(0, 'no noise');
    expect(await learn(0, 'no noise again')).toBe(none);
    const some = await learn(0.5, 'some noise');
    const much = await learn(2, 'much noise');
    expect(new Set([none, some, much]).size).toBe(3);
  });

  test('has its decoder trained with as much weight on differences of neighbouring pixels as is asked for', async () => {
    const lossAt = async (edgeWeight: number): Promise<number> => {
      const method = { kind: 'decoder', latentNoise: 0, edgeWeight } as const;
      // So little that nothing is learned, and the loss is that of one and the same decoder.
      const { validation } = await trainTiny(`edges ${edgeWeight}`, method, { learningRate: 1e-12 });
      return validation.at(-1)!;
    };
    const [none, one, three] = [await lossAt(0), await lossAt(1), await lossAt(3)];
    expect(one).toBeGreaterThan(none);
    expect((three - none) / (one - none)).toBeCloseTo(3, 4);
  });

  test('keeps encoder and scaling factor where only the decoder is trained', async () => {
    const { job, validation } = await trainTiny('decoder', {
      kind: 'decoder',
      latentNoise: 0.5,
      edgeWeight: 1,
    });
    expectLearning(validation);
    const file = join('vae', 'diffusion_pytorch_model.safetensors');
    await expectFiles(job, component(file));
    const changed = async (name: string): Promise<number> => {
      const [before, after] = await Promise.all(
        [join(folder.path, 'base', file), last(job, file)].map((path) =>
          withFile(path, (opened) => opened.readAs(name, 'float32')),
        ),
      );
      return maxDifference(before!, after!);
    };
    expect(await changed('encoder.conv_in.weight')).toBe(0);
    expect(await changed('quant_conv.weight')).toBe(0);
    expect(await changed('decoder.conv_in.weight')).toBeGreaterThan(0);
    const model = await openModel({ base: job.base, checkpoint: last(job) });
    expect(model.autoencoder.scalingFactor).toBe(0.5);
    await model.close();
  });

  test('is trained further from the base’s weights', async () => {
    const fresh = await trainTiny('vae fresh', { kind: 'vae', kl: 0 }, { learningRate: 1e-4 }, 'no vae');
    const further = await trainTiny('vae further', { kind: 'vae', kl: 0 }, { learningRate: 1e-4 });
    expect(further.validation[0]).not.toBe(fresh.validation[0]);
    const [before, after] = [join(folder.path, 'base'), last(further.job)];
    const name = 'decoder.conv_in.weight';
    const [a, b] = await Promise.all(
      [before, after].map((place) =>
        withFile(join(place, 'vae', 'diffusion_pytorch_model.safetensors'), (file) =>
          file.readAs(name, 'float32'),
        ),
      ),
    );
    // Twelve steps of AdamW move a weight by about the learning rate each.
    expect(maxDifference(a!, b!)).toBeLessThan(20 * 1e-4);
    expect(maxDifference(a!, b!)).toBeGreaterThan(0);
  });
});
