import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { OpenModel } from '../../native/families/family.ts';
import { openModel } from '../../native/families/open-model.ts';
import type { DataArray } from '../../native/graph/data-type.ts';
import { openInference } from '../../native/models/inference.ts';
import { normals } from '../../native/random/philox.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import {
  createTextToImage,
  type PictureRequest,
  type SamplingSettings,
  type TextToImage,
  toRgb,
} from '../../native/sampling/text-to-image.ts';
import { buildDiffusionGraph, type DiffusionGraphOptions } from '../../native/training/diffusion-graph.ts';
import { evaluate, maxDifference } from '../graph/evaluate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { writeTextToImageModels } from '../reference/text-to-image-models.ts';
import { failureOf, tinyLora } from '../training/tiny-model.ts';

interface Recipe extends PictureRequest, SamplingSettings {
  readonly model: 'epsilon' | 'velocity';
  /** Strength of the LoRA, where there is one. */
  readonly lora: number | null;
}

/** diffusers 0.42.1, transformers 5.23.0, peft 0.21.2, PyTorch 2.15.0; made by tests/reference/text_to_image.py. */
const fixture = JSON.parse(
  readFileSync(new URL('../reference/fixtures/text-to-image.json', import.meta.url), 'utf8'),
) as { readonly models: string; readonly pictures: readonly (Recipe & { readonly rgb: string })[] };

const folder = temporaryFolder();
let runtime: Runtime;
let models: string;
beforeAll(async () => {
  models = await writeTextToImageModels(folder.path);
  runtime = await chooseRuntime({ provider: 'cpu' });
});
afterAll(async () => {
  for (const close of closing) await close();
  await runtime.dispose();
});

const open = (model: Recipe['model'], lora: number | null) =>
  openModel({
    base: join(folder.path, model),
    ...(lora !== null && { checkpoint: join(folder.path, 'lora'), loraScale: lora }),
  });

/** Pipelines by model and LoRA, each opened once. */
const pipelines = new Map<string, Promise<TextToImage>>();
const closing: (() => Promise<void>)[] = [];
async function openPipeline(model: Recipe['model'], lora: number | null): Promise<TextToImage> {
  const opened = await open(model, lora);
  const pipeline = createTextToImage(runtime, opened);
  closing.push(
    () => pipeline.dispose(),
    () => opened.close(),
  );
  return pipeline;
}

/** The pictures of one model as bytes. */
async function draw(
  { model, lora, ...settings }: Recipe,
  requests: readonly PictureRequest[] = [settings],
): Promise<Uint8Array[]> {
  const key = `${model} ${lora}`;
  const pipeline = pipelines.get(key) ?? openPipeline(model, lora);
  pipelines.set(key, pipeline);
  return (await (await pipeline).generate(requests, settings)).map(toRgb);
}

const base: Recipe = { ...fixture.pictures[0]!, sampler: 'ddim', seed: 7 };

describe('a picture from a folder Screenfold wrote', () => {
  test('is made with the very files the reference pictures were made with', () => {
    expect(models).toBe(fixture.models);
  });

  const named = fixture.pictures.map((picture) => {
    const { model, sampler, guidanceScale, width, height, lora } = picture;
    const name = `${model}, ${sampler}, guidance ${guidanceScale}, ${width}x${height}, LoRA ${lora ?? 'none'}`;
    return [name, picture] as const;
  });
  // 2 of 255: float32 sums in another order over a few steps, and a rounding to bytes.
  test.each(named)('is diffusers’ own within 2/255: %s', async (_, picture) => {
    const [drawn] = await draw(picture);
    expect(maxDifference(drawn!, Buffer.from(picture.rgb, 'base64'))).toBeLessThanOrEqual(2);
  });

  test('depends on all of its recipe by more than that', async () => {
    const [plain] = await draw(base);
    const changes: readonly Partial<Recipe>[] = [
      { seed: 8 },
      { prompt: 'a green circle' },
      { negativePrompt: '' },
      { guidanceScale: 1 },
      { steps: 5 },
      { lora: 1 },
      { model: 'velocity' },
      // Not `euler`, which is DDIM in other words.
      ...(['pndm', 'euler-ancestral', 'dpm++-2m', 'dpm++-2m-karras'] as const).map((sampler) => ({
        sampler,
      })),
    ];
    for (const change of changes) {
      const [changed] = await draw({ ...base, ...change });
      expect(maxDifference(changed!, plain!), JSON.stringify(change)).toBeGreaterThan(2);
    }
  });
});

describe('a picture made in float16', () => {
  const drawIn = async (precision: 'float16' | 'float32', model: OpenModel): Promise<Uint8Array> => {
    const pipeline = createTextToImage(runtime, model, precision);
    const [picture] = await pipeline.generate([base], base);
    await pipeline.dispose();
    return toRgb(picture!);
  };

  test('is about the one made in float32, and not its very bytes', async () => {
    const model = await open('epsilon', null);
    const [half, single] = [await drawIn('float16', model), await drawIn('float32', model)];
    await model.close();
    // Roundings of 2^-11, of which guidance takes a multiple, over a few steps.
    expect(maxDifference(half, single)).toBeLessThanOrEqual(8);
    expect(half).not.toEqual(single);
  });

  test('is decoded in float32 where the decoder’s numbers are too large for float16', async () => {
    const model = await open('epsilon', null);
    const large: OpenModel = {
      ...model,
      readWeight: async (weight) => {
        const values = await model.readWeight(weight);
        return weight.key === 'decoder.conv_in.weight' ? values.map((value) => 3e6 * value) : values;
      },
    };
    const { component, latentChannels, decode } = model.autoencoder;
    const alone = await openInference(
      runtime,
      large.readWeight,
      (builders, graph) => ({
        pictures: decode(builders(component), graph.input('latents', 'float32', [1, latentChannels, 8, 8])),
      }),
      undefined,
      'float16',
    );
    const latents = normals(1, 'noise', 0, 0, new Float32Array(64 * latentChannels));
    expect((await alone.run({ latents })).pictures!.every(Number.isFinite)).toBe(false);
    await alone.dispose();
    expect(maxDifference(await drawIn('float16', large), await drawIn('float32', large))).toBeLessThanOrEqual(
      8,
    );
    await model.close();
  });
});

describe('the pictures of a batch', () => {
  const requests = [
    { prompt: 'a red square', negativePrompt: '', seed: 1 },
    { prompt: 'two dots', negativePrompt: 'a red square', seed: 2 },
    { prompt: 'a red square', negativePrompt: '', seed: 3 },
  ];

  // 1 of 255: matrix products over more rows may sum in another order.
  test.each(['ddim', 'euler-ancestral'] as const)(
    'are those each makes alone, within 1/255: %s',
    async (sampler) => {
      const together = await draw({ ...base, sampler }, requests);
      expect(together).toHaveLength(3);
      for (const [i, request] of requests.entries()) {
        const [alone] = await draw({ ...base, sampler }, [request]);
        expect(maxDifference(together[i]!, alone!)).toBeLessThanOrEqual(1);
      }
    },
  );

  test('come to the same when the pipeline made others before', async () => {
    const pipeline = await openPipeline('epsilon', null);
    const first = await pipeline.generate(requests, base);
    await pipeline.generate(requests.slice(0, 1), { ...base, width: 40, height: 24, guidanceScale: 1 });
    expect(await pipeline.generate(requests, base)).toEqual(first);
  });
});

describe('a picture', () => {
  test('is drawn at every multiple of what the autoencoder takes together, odd numbers of latents too', async () => {
    const odd = { ...base, width: 36, height: 28 };
    const [picture] = await draw(odd);
    expect(picture).toHaveLength(3 * 36 * 28);
    expect(new Set(picture).size).toBeGreaterThan(10);
    expect(await draw({ ...odd, seed: 9 })).not.toEqual([picture]);
  });

  test('of a model whose numbers are not finite is refused', async () => {
    const model = await open('epsilon', null);
    const broken = createTextToImage(runtime, {
      ...model,
      readWeight: async (weight) => {
        const values = await model.readWeight(weight);
        return weight.key === 'conv_out.bias' ? values.fill(Number.NaN) : values;
      },
    });
    const failure = await failureOf(broken.generate([base], base));
    expect([failure.code, failure.message]).toEqual([
      'picture-not-finite',
      expect.stringContaining('not finite'),
    ]);
    const hint = async (prompt: string) =>
      (await failureOf(broken.generate([{ ...base, prompt }], base))).hint;
    expect(await hint('a fox')).toMatch(/^Its weights are damaged/);
    expect(await hint('a (fox:9)')).toMatch(/^The prompt may weigh words too much/);
    await broken.dispose();
    await model.close();
  });
});

describe('a LoRA', () => {
  test('of strength 0 changes nothing', async () => {
    expect(await draw({ ...base, lora: 0 })).toEqual(await draw(base));
  });

  test('merged into the weights predicts what it does beside them, as it is trained', async () => {
    const [plain, merged] = [await open('epsilon', null), await open('epsilon', 1)];
    const [rank, alpha] = [2, 3];
    const lora = tinyLora(rank, alpha);
    const adapters = new Map(
      lora.flatMap(({ component, module, down, up }) => [
        [`lora.${component}.${module}.down`, down] as const,
        [`lora.${component}.${module}.up`, up] as const,
      ]),
    );
    const loss = async (model: typeof plain, trained: DiffusionGraphOptions['trained']): Promise<number> => {
      const { graph, loss: output } = buildDiffusionGraph({
        ...model,
        encodes: false,
        trained,
        shape: { rows: 2, size: { height: 8, width: 8 } },
      });
      const data = new Map<string, DataArray>(adapters);
      for (const { name, shape } of graph.inputs) {
        const key = name.replace(/^unet\./, '');
        if (key !== name) data.set(name, await model.readWeight({ component: 'unet', key, shape }));
      }
      const normal = (i: number, size: number) => normals(4, 'noise', 0, i, new Float32Array(size));
      data.set('latents', normal(0, 2 * 256)).set('noise', normal(1, 2 * 256));
      data.set('encoder_hidden_states', normal(2, 2 * 256)).set('timesteps', Float32Array.of(20, 700));
      for (const name of ['signal_rate', 'noise_rate', 'loss_weights'])
        data.set(name, Float32Array.of(0.5, 0.5));
      return (await evaluate(graph, { loss: output }, data)).get('loss')![0]!;
    };
    const beside = await loss(plain, { rank, scale: alpha / rank, takes: plain.adapters.takes });
    // 1e-5 relative: float32 rounding of the merged weights and of the two products.
    expect(Math.abs((await loss(merged, 'full')) / beside - 1)).toBeLessThan(1e-5);
    expect(Math.abs((await loss(plain, 'full')) / beside - 1)).toBeGreaterThan(1e-2);
    await plain.close();
    await merged.close();
  });
});

describe('what cannot be drawn', () => {
  test.each([
    [{ width: 30 }, 'picture-size', /multiples of 4/],
    [{ height: 0 }, 'picture-size', /multiples of 4/],
    [{ steps: 0 }, 'sampler-steps', /steps/],
    [{ steps: 1001 }, 'sampler-steps', /steps/],
  ] as const)('is refused: %o', async (change, code, hint) => {
    const failure = await failureOf(draw({ ...base, ...change }));
    expect([failure.code, failure.hint]).toEqual([code, expect.stringMatching(hint)]);
  });
});

describe('bytes of a picture', () => {
  test('are clamped and rounded, halves to the even one', () => {
    const picture = Float32Array.of(-2, -1, 0, 1, 3, 2 * (0.5 / 255) - 1);
    // Planes of two pixels: red -2 -1, green 0 1, blue 3 and a half.
    expect([...toRgb(picture)]).toEqual([0, 128, 255, 0, 255, 0]);
  });
});
