import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { gradients } from '../../native/autodiff/gradients.ts';
import { openModel } from '../../native/families/open-model.ts';
import { takesAdapter } from '../../native/families/stable-diffusion/lora.ts';
import type { XlUNetConfig } from '../../native/families/stable-diffusion-xl/configs.ts';
import { xlConditioning, xlDenoiser } from '../../native/families/stable-diffusion-xl/parts.ts';
import type { DataArray } from '../../native/graph/data-type.ts';
import { Graph, type Value } from '../../native/graph/graph.ts';
import { mul, sub } from '../../native/graph/ops/elementwise.ts';
import { reduceMean } from '../../native/graph/ops/reduce.ts';
import type { Method, TrainingImage } from '../../native/jobs.ts';
import { readClipTextConfig, readProjectedClipTextConfig } from '../../native/models/clip-text.ts';
import { InputParameters } from '../../native/models/model-builder.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import { noiseSchedule } from '../../native/noise/noise-schedule.ts';
import { parseSchedulerConfig } from '../../native/noise/scheduler-config.ts';
import { adamw } from '../../native/optimizers/adamw.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { buildArtifacts } from '../../native/training/artifacts.ts';
import { planEpoch } from '../../native/training/data-order.ts';
import { buildDiffusionGraph } from '../../native/training/diffusion-graph.ts';
import { loraRecipe } from '../../native/training/recipes/lora.ts';
import { createTrainer } from '../../native/training/trainer.ts';
import { openSafetensors } from '../../native/weights/safetensors.ts';
import { evaluate, relativeDifference } from '../graph/evaluate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { type Fixture, readFixture, readModelFixture } from '../reference/fixture.ts';
import { referenceName } from './followed-steps.ts';
import { drawImages, drawPicture, tinyJob, tinyScheduler, trainHere } from './tiny-model.ts';
import { writeTinyXlModel } from './tiny-xl-model.ts';

const folder = temporaryFolder();
let runtime: Runtime;
let images: TrainingImage[];
const base = (): string => join(folder.path, 'base');
beforeAll(async () => {
  await writeTinyXlModel(base());
  images = await drawImages(join(folder.path, 'images'), 6, [[32, 32]]);
  runtime = await chooseRuntime({ provider: 'cpu', threads: 1 });
});
afterAll(() => runtime.dispose());

const tokenizer = { ids: () => [], framed: () => [], maxLength: 77 };

async function readParts() {
  const [unet, text, projected] = [
    await readModelFixture('unet-sdxl'),
    await readModelFixture('clip-sdxl'),
    await readModelFixture('clip-sdxl-projected'),
  ];
  return {
    fixtures: { unet, text_encoder: text, text_encoder_2: projected },
    denoiser: xlDenoiser(readUNetConfig(unet.config) as XlUNetConfig),
    conditioning: xlConditioning({
      text: readClipTextConfig(text.config),
      projected: readProjectedClipTextConfig(projected.config),
      tokenizers: [tokenizer, tokenizer],
      zerosWithoutText: true,
    }),
  };
}

// Reference: diffusers, transformers and PyTorch, by tests/reference/sdxl.py.
describe('UNet and both text encoders together', () => {
  test('have the gradient of every parameter that PyTorch has, within 1e-4 of its norm', async () => {
    const { fixtures, denoiser, conditioning } = await readParts();
    const reference = await readFixture('joint-sdxl.gradients');
    const graph = new Graph();
    const data = new Map<string, DataArray>();
    const builders = new Map<string, InputParameters>();
    const builder = (component: string): InputParameters => {
      const known = builders.get(component) ?? new InputParameters(graph, { prefix: `${component}.` });
      builders.set(component, known);
      return known;
    };
    const input = (name: string, shape: readonly number[], values: DataArray, type: 'float32' | 'int64') => {
      data.set(name, values);
      return graph.input(name, type, shape);
    };
    const given = (component: keyof typeof fixtures, key: string, name = key): Value => {
      const { type, shape, data: values } = fixtures[component].inputs.get(key)!;
      return input(name, shape, values, type as 'float32' | 'int64');
    };
    const tokens = {
      input_ids: given('text_encoder', 'input_ids'),
      input_ids_2: given('text_encoder_2', 'input_ids', 'input_ids_2'),
      // Where models.py ends the texts: after five tokens, and at the last but one.
      end: input(
        'end',
        [2, 24],
        Float32Array.from({ length: 48 }, (_, i) => (i === 5 || i === 24 + 23 ? 1 : 0)),
        'float32',
      ),
      told: input('told', [2, 1], Float32Array.of(1, 1), 'float32'),
    };
    const timesteps = Float32Array.from(
      Array.from(fixtures.unet.inputs.get('timestep')!.data as BigInt64Array, Number),
    );
    const predicted = denoiser.predict(builder('unet'), {
      sample: given('unet', 'sample'),
      timesteps: input('timesteps', [2], timesteps, 'float32'),
      conditioning: { ...conditioning.encode(builder, tokens), time_ids: given('unet', 'time_ids') },
    });
    const target = reference.tensors.get('target')!;
    const difference = sub(predicted, input('target', target.shape, target.data, 'float32'));
    const loss = reduceMean(mul(difference, difference), [0, 1, 2, 3]);
    const wrt = new Map(
      [...builders.values()].flatMap(({ values }) => [...values]).map(([{ name }, value]) => [name, value]),
    );
    for (const [component, { weights }] of Object.entries(fixtures))
      for (const [key, weight] of weights)
        if (wrt.has(`${component}.${key}`)) data.set(`${component}.${key}`, weight.data);
    expect(new Set(wrt.keys())).toEqual(
      new Set([...reference.tensors.keys()].filter((key) => key !== 'target' && key !== 'loss')),
    );
    const found = gradients(graph, loss, [...wrt.values()]);
    const outputs = Object.fromEntries([...wrt.keys()].map((name, i) => [name, found[i]!]));
    const results = await evaluate(graph, { loss, ...outputs }, data);
    const theirs = (name: string) => reference.tensors.get(name)!.data as Float32Array;
    expect(relativeDifference(results.get('loss')!, [...theirs('loss')])).toBeLessThan(1e-5);
    for (const name of wrt.keys()) {
      // Zero but for rounding: softmax does not see what is added to a whole row.
      if (name.endsWith('k_proj.bias'))
        expect(Math.max(...results.get(name)!.map(Math.abs)), name).toBeLessThan(1e-6);
      else expect(relativeDifference(results.get(name)!, theirs(name)), name).toBeLessThanOrEqual(1e-4);
    }
  });
});

describe('twenty steps of AdamW', () => {
  const steps = 20;
  const row = ({ tensors }: Fixture, name: string, step: number): Float32Array<ArrayBuffer> => {
    const { data, shape } = tensors.get(name)!;
    const size = data.length / shape[0]!;
    return Float32Array.from(Array.from(data.slice(step * size, (step + 1) * size), Number));
  };

  test.each([
    ['full', false],
    ['lora', false],
    ['full', true],
    ['lora', true],
  ] as const)('follow PyTorch, losses within 1e-4: %s, in stages: %s', async (way, recompute) => {
    const { fixtures, denoiser, conditioning } = await readParts();
    const reference = await readFixture('steps-sdxl');
    const shape = { rows: 2, size: { height: 8, width: 8 } };
    const artifacts = () =>
      buildArtifacts(
        buildDiffusionGraph({
          denoiser,
          conditioning: {
            ...conditioning,
            states: {
              encoder_hidden_states: { type: 'float32', shape: [8, 28] },
              text_embeds: { type: 'float32', shape: [16] },
            },
          },
          noise: { predictionType: 'epsilon' },
          encodes: false,
          trained: way === 'full' ? 'full' : { rank: 4, scale: 0.5, takes: takesAdapter },
          shape,
          matrixConv: true,
        }),
        { tensorsAreArrays: runtime.tensorsAreArrays, recompute },
      );
    const read = (key: string) =>
      Promise.resolve(fixtures.unet.weights.get(key)!.data.slice() as Float32Array<ArrayBuffer>);
    const trainer = await createTrainer({
      runtime,
      rule: {
        optimizer: adamw({ kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-2 }),
        maxGradientNorm: 1,
        ema: false,
      },
      trainable: artifacts().trainable,
      initial: (parameter) =>
        way === 'full'
          ? read(parameter.key)
          : Promise.resolve(
              reference.tensors
                .get(`lora.initial.${referenceName(parameter)}`)!
                .data.slice() as Float32Array<ArrayBuffer>,
            ),
      frozen: ({ key }) => read(key),
      artifacts,
      accumulate: false,
    });
    const { alphasCumprod } = noiseSchedule(
      parseSchedulerConfig(JSON.stringify(tinyScheduler), 'scheduler_config.json'),
    );
    const relative = (mine: number, name: string, step: number) =>
      Math.abs(mine / (reference.tensors.get(`${way}.${name}`)!.data[step] as number) - 1);
    for (let step = 0; step < steps; step++) {
      const timesteps = row(reference, 'timesteps', step);
      const kept = Array.from(timesteps, (t) => alphasCumprod[t]!);
      const loss = await trainer.backward(
        shape,
        {
          ...{ latents: row(reference, 'latents', step), noise: row(reference, 'noise', step), timesteps },
          encoder_hidden_states: row(reference, 'text', step),
          text_embeds: row(reference, 'text_embeds', step),
          time_ids: row(reference, 'time_ids', step),
          signal_rate: Float32Array.from(kept, Math.sqrt),
          noise_rate: Float32Array.from(kept, (alpha) => Math.sqrt(1 - alpha)),
          loss_weights: Float32Array.of(0.5, 0.5),
        },
        true,
      );
      const norm = await trainer.update(step + 1, 1e-3, 0);
      expect(relative(loss, 'loss', step)).toBeLessThanOrEqual(1e-4);
      expect(relative(norm, 'gradient_norm', step)).toBeLessThanOrEqual(1e-3);
    }
    await trainer.dispose();
  });
});

/** Trains six epochs of two steps. */
async function trainTiny(name: string, method: Method, learningRate = 4e-3) {
  const job = tinyJob(
    {
      folder: join(folder.path, name, 'run'),
      cacheFolder: join(folder.path, 'cache'),
      base: base(),
      images: images.slice(0, 4),
      validation: images.slice(4),
      method,
    },
    { epochs: 6, checkpointEpochs: [6], learningRate, captionDropout: 0.2, randomFlip: true },
  );
  const { events, result } = await trainHere(job);
  expect(result).toMatchObject({ end: 'finished', step: 12, epoch: 6 });
  const losses = events.flatMap((event) => (event.type === 'epoch' ? [event.validationLoss!] : []));
  // It learns: with the same noise and timesteps, held-out images are told better at the end.
  expect(losses.at(-1)).toBeLessThan(losses[0]! * 0.99);
  return join(job.folder, 'checkpoints', 'epoch-0006');
}

async function keysOf(path: string): Promise<readonly string[]> {
  const file = await openSafetensors(path);
  await file.close();
  return [...file.tensors.keys()];
}

describe('training', () => {
  test('of the UNet keeps it as diffusers has it', async () => {
    const checkpoint = await trainTiny('full', { kind: 'full', textEncoder: false });
    expect((await readdir(checkpoint)).sort()).toEqual(['checkpoint.json', 'unet']);
    const [before, after] = await Promise.all(
      [base(), checkpoint].map((path) => keysOf(join(path, 'unet', 'diffusion_pytorch_model.safetensors'))),
    );
    expect(after!.toSorted()).toEqual(before!.toSorted());
  });

  test('of the text encoders too keeps them whole, what is not read of them as the base has it', async () => {
    const checkpoint = await trainTiny('full with text', { kind: 'full', textEncoder: true });
    expect((await readdir(checkpoint)).sort()).toEqual([
      'checkpoint.json',
      'text_encoder',
      'text_encoder_2',
      'unet',
    ]);
    for (const [name, unread] of [
      ['text_encoder', /\.layers\.1\.|final_layer_norm/],
      ['text_encoder_2', /^$/],
    ] as const) {
      const [before, after] = [base(), checkpoint].map((path) => join(path, name, 'model.safetensors'));
      const [own, trained] = [await openSafetensors(before!), await openSafetensors(after!)];
      expect([...trained.tensors.keys()].toSorted()).toEqual([...own.tensors.keys()].toSorted());
      for (const key of own.tensors.keys()) {
        const same =
          (await own.readAs(key, 'float32')).join() === (await trained.readAs(key, 'float32')).join();
        expect([key, same]).toEqual([key, unread.test(key)]);
      }
      await own.close();
      await trained.close();
    }
  });

  test.each([false, true])(
    'of a LoRA keeps it by kohya’s names, with the text encoders: %s',
    async (textEncoder) => {
      const method = { kind: 'lora', textEncoder, rank: 3, alpha: 6 } as const;
      const checkpoint = await trainTiny(`lora ${textEncoder}`, method, 2e-2);
      const path = join(checkpoint, 'lora.safetensors');
      const keys = await keysOf(path);
      const modules = (prefix: string) =>
        new Set(keys.filter((key) => key.startsWith(prefix)).map((key) => key.split('.')[0]!));
      // Four transformers of two blocks with ten modules each and two about them. The first text encoder's last layer is not read.
      expect(modules('lora_unet_').size).toBe(4 * (2 * 10 + 2));
      expect(modules('lora_te1_').size).toBe(textEncoder ? 6 : 0);
      expect(modules('lora_te2_').size).toBe(textEncoder ? 3 * 6 : 0);
      expect([...modules('lora_')].filter((name) => !/^lora_(?:unet|te1|te2)_/.test(name))).toEqual([]);
      for (const name of [
        'lora_unet_input_blocks_3_1_transformer_blocks_1_attn2_to_k',
        'lora_unet_middle_block_1_proj_in',
        'lora_unet_output_blocks_1_1_transformer_blocks_0_ff_net_0_proj',
      ])
        expect(modules('lora_unet_')).toContain(name);
      const file = await openSafetensors(path);
      expect(file.metadata.get('ss_base_model_version')).toBe('sdxl_base_v1-0');
      await file.close();
      const models = [await openModel({ base: base() }), await openModel({ base: base(), checkpoint })];
      const weight = {
        component: 'unet',
        key: 'mid_block.attentions.0.proj_in.weight',
        shape: [32, 32],
      };
      const [plain, adapted] = await Promise.all(models.map((opened) => opened.readWeight(weight)));
      expect(relativeDifference(adapted!, plain!)).toBeGreaterThan(1e-4);
      for (const opened of models) await opened.close();
    },
  );

  test('tells the denoiser where each picture was cut out of its image', async () => {
    const wide = await drawImages(join(folder.path, 'wide'), 2, [[32, 24]]);
    await drawPicture(wide[1]!.path, 1, 80);
    const method = { kind: 'lora', textEncoder: false, rank: 1, alpha: 1 } as const;
    const job = tinyJob({ folder: join(folder.path, 'told'), base: base(), images: wide, method });
    const model = await openModel({ base: base() });
    const context = { emit: () => undefined, stop: new AbortController().signal };
    const task = await loraRecipe({ job, model, runtime, context }, method).start();
    const [batch] = planEpoch(wide, 2, 1, job.settings.seed, 1)[0]!;
    const { data } = await task.prepare(batch!, { step: 1, firstIndex: 0, share: 1 / 2 });
    const rows = batch!.images.map(({ path }, i) => [
      path,
      [...(data.time_ids as Float32Array).subarray(6 * i, 6 * i + 6)],
    ]);
    // Drawn 40 and 80 pixels wide and high, scaled to 32 x 32, four rows cut off above and below.
    expect(new Map(rows as [string, number[]][])).toEqual(
      new Map([
        [wide[0]!.path, [40, 40, 4, 0, 24, 32]],
        [wide[1]!.path, [80, 80, 4, 0, 24, 32]],
      ]),
    );
    await task.dispose();
    await model.close();
  });
});
