import { readFileSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { OpenModel } from '../../native/families/family.ts';
import { openModel } from '../../native/families/open-model.ts';
import { readAdapterModules, readFacts, readTextReading } from '../../native/families/read-facts.ts';
import { readXlConfigs } from '../../native/families/stable-diffusion-xl/configs.ts';
import { wholePicture } from '../../native/images/picture-origin.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import {
  createTextToImage,
  type PictureRequest,
  type SamplingSettings,
  type TextToImage,
  toRgb,
} from '../../native/sampling/text-to-image.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { writeXlModels } from '../reference/sdxl-models.ts';
import { failureOf, hashTree } from '../training/tiny-model.ts';
import { tinyXlConfigs } from '../training/tiny-xl-model.ts';

interface Recipe extends PictureRequest, SamplingSettings {
  /** Strength of the LoRA, where there is one. */
  readonly lora: number | null;
}

/** diffusers 0.42.1, transformers 5.24.0, peft 0.21.2, PyTorch 2.15.0; made by tests/reference/sdxl_pictures.py. */
const fixture = JSON.parse(
  readFileSync(new URL('../reference/fixtures/sdxl-pictures.json', import.meta.url), 'utf8'),
) as { readonly models: string; readonly pictures: readonly (Recipe & { readonly rgb: string })[] };

const folder = temporaryFolder();
let runtime: Runtime;
let models: string;
let model: OpenModel;
const base = (): string => join(folder.path, 'xl');
beforeAll(async () => {
  models = await writeXlModels(folder.path);
  runtime = await chooseRuntime({ provider: 'cpu' });
  model = await openModel({ base: base() });
});
afterAll(async () => {
  for (const close of closing) await close();
  await model.close();
  await runtime.dispose();
});

/** Pipelines by the strength of the LoRA, each opened once. */
const pipelines = new Map<number | null, Promise<TextToImage>>();
const closing: (() => Promise<void>)[] = [];
async function openPipeline(lora: number | null): Promise<TextToImage> {
  const checkpoint = join(folder.path, 'lora');
  const opened = await openModel({ base: base(), ...(lora !== null && { checkpoint, loraScale: lora }) });
  const pipeline = createTextToImage(runtime, opened);
  closing.push(
    () => pipeline.dispose(),
    () => opened.close(),
  );
  return pipeline;
}

async function draw({ lora, ...settings }: Recipe): Promise<Uint8Array> {
  const pipeline = pipelines.get(lora) ?? openPipeline(lora);
  pipelines.set(lora, pipeline);
  return toRgb((await (await pipeline).generate([settings], settings))[0]!);
}

describe('a picture of Stable Diffusion XL', () => {
  test('is made with the very files the reference pictures were made with', () => {
    expect(models).toBe(fixture.models);
  });

  const named = fixture.pictures.map((picture) => {
    const { sampler, guidanceScale, negativePrompt, width, height, lora } = picture;
    const without = negativePrompt === '' ? 'no' : 'a';
    const name = `${sampler}, guidance ${guidanceScale}, ${without} negative prompt, ${width}x${height}, LoRA ${lora ?? 'none'}`;
    return [name, picture] as const;
  });
  // 2 of 255: float32 sums in another order over a few steps, and a rounding to bytes.
  test.each(named)('is diffusers’ own within 2/255: %s', async (_, picture) => {
    expect(maxDifference(await draw(picture), Buffer.from(picture.rgb, 'base64'))).toBeLessThanOrEqual(2);
  });

  test('depends on the negative prompt and on the LoRA by more than that', async () => {
    const plain = fixture.pictures[0]!;
    const drawn = await draw(plain);
    for (const change of [{ negativePrompt: '' }, { lora: 1 }, { prompt: 'a green circle' }])
      expect(maxDifference(await draw({ ...plain, ...change }), drawn)).toBeGreaterThan(2);
  });
});

describe('what its denoiser is told', () => {
  test('is where a picture was cut out of its image, heights first', () => {
    const { facts, factsOf } = model.conditioning;
    expect(facts).toEqual({ time_ids: { type: 'float32', shape: [6] } });
    const origin = {
      width: 64,
      height: 32,
      original: { width: 640, height: 480 },
      crop: { top: 8, left: 3 },
    };
    expect([...(factsOf(origin).time_ids as Float32Array)]).toEqual([480, 640, 8, 3, 32, 64]);
    const whole = factsOf(wholePicture({ width: 64, height: 32 }));
    expect([...(whole.time_ids as Float32Array)]).toEqual([32, 64, 0, 0, 32, 64]);
  });

  test('is a text by two tokenizers, of which the second pads with its own token', () => {
    const { tokenize, tokens } = model.conditioning;
    const { input_ids: first, input_ids_2: second, end: ends, told } = tokenize('a red square');
    expect([first!.length, second!.length]).toEqual([16, 16]);
    expect(tokens.input_ids!.shape).toEqual([16]);
    const end = first!.indexOf(first!.at(-1)!);
    expect(end).toBeGreaterThan(3);
    expect(first!.slice(end)).toEqual(new Array(16 - end).fill(first!.at(-1)));
    expect(second!.slice(0, end + 1)).toEqual(first!.slice(0, end + 1));
    expect(second!.slice(end + 1)).toEqual(new Array(15 - end).fill(0));
    expect([ends!.indexOf(1), ends!.filter((one) => one !== 0), told]).toEqual([end, [1], [1]]);
  });

  test('is nothing at all without a prompt, and an empty text where the folder says so', async () => {
    const { tokenize } = model.conditioning;
    expect(tokenize('')).toMatchObject({ told: [1] });
    expect(tokenize('').end!.indexOf(1)).toBe(1);
    expect(tokenize(null)).toEqual({ ...tokenize(''), told: [0] });
    const other = join(folder.path, 'reads empty texts');
    await cp(base(), other, { recursive: true });
    const index = join(other, 'model_index.json');
    const text = await readFile(index, 'utf8');
    await writeFile(
      index,
      text.replace('"force_zeros_for_empty_prompt": true', '"force_zeros_for_empty_prompt": false'),
    );
    const reads = await openModel({ base: other });
    expect(reads.conditioning.tokenize(null)).toEqual(tokenize(''));
    const written = join(folder.path, 'reads them still');
    await reads.save(written, 'float32');
    await reads.close();
    await expect(readFile(join(written, 'model_index.json'), 'utf8')).resolves.toContain(
      '"force_zeros_for_empty_prompt": false',
    );
  });
});

describe('a folder of Stable Diffusion XL', () => {
  test('says what it is made for', async () => {
    await expect(readFacts(base())).resolves.toEqual({
      resolution: 32,
      autoencoderResolution: 32,
      latentFactor: 4,
      latentChannels: 4,
      pixelStep: 8,
      prediction: 'epsilon',
      textLayers: 2,
      textWidth: 16 + 24,
      components: {
        denoiser: ['unet'],
        textEncoders: ['text_encoder', 'text_encoder_2'],
        autoencoder: ['vae'],
      },
    });
    const adapted = new Set((await readAdapterModules(base())).map(({ component }) => component));
    expect([...adapted]).toEqual(['unet', 'text_encoder', 'text_encoder_2']);
    const { limit, count } = await readTextReading(base());
    expect([limit, count('a red square')]).toEqual([
      14,
      model.conditioning.tokenize('a red square').end!.indexOf(1) - 1,
    ]);
  });

  test('is written as it was read', async () => {
    const written = join(folder.path, 'written');
    await model.save(written, 'float32');
    const [before, after] = [await hashTree(base()), await hashTree(written)];
    expect(after).toEqual(before);
    expect(JSON.parse(await readFile(join(written, 'model_index.json'), 'utf8'))).toMatchObject({
      _class_name: 'StableDiffusionXLPipeline',
      force_zeros_for_empty_prompt: true,
      text_encoder_2: ['transformers', 'CLIPTextModelWithProjection'],
      tokenizer_2: ['transformers', 'CLIPTokenizer'],
    });
  });

  test.each([
    [{ text_encoder: { hidden_size: 24 } }, 'model-mismatch', /read.* 40, .* make 48/],
    [{ text_encoder_2: { projection_dim: 25 } }, 'model-mismatch', /24 numbers, .* 25/],
    [{ text_encoder_2: { max_position_embeddings: 24 } }, 'model-mismatch', /16 and 24 tokens/],
    [{ vae: { latent_channels: 8 } }, 'model-mismatch', /the VAE has 8/],
    [{ text_encoder: { vocab_size: 500 } }, 'model-mismatch', /tokenizer 1/],
    [{ unet: { addition_embed_type: null } }, 'config-unsupported', /addition_embed_type/],
  ] as const)('whose parts do not fit is refused: %o', async (changes, code, message) => {
    const other = join(folder.path, 'misfit');
    await cp(base(), other, { recursive: true });
    for (const [name, change] of Object.entries(changes)) {
      const config = { ...tinyXlConfigs[name as keyof typeof tinyXlConfigs], ...(change as object) };
      await writeFile(join(other, name, 'config.json'), JSON.stringify(config));
    }
    const failure = await failureOf(openModel({ base: other }));
    expect([failure.code, failure.message]).toEqual([code, expect.stringMatching(message)]);
    await rm(other, { recursive: true });
  });

  test('that is a refiner is refused', async () => {
    const other = join(folder.path, 'refiner');
    await cp(base(), other, { recursive: true });
    const index = join(other, 'model_index.json');
    const found = JSON.parse(await readFile(index, 'utf8')) as object;
    await writeFile(index, JSON.stringify({ ...found, requires_aesthetics_score: true }));
    await expect(failureOf(openModel({ base: other }))).resolves.toMatchObject({ code: 'model-unsupported' });
  });
});

describe('the pooled text', () => {
  test('is made of the token the config names, or of the highest id where that is 2', () => {
    const read = (eos_token_id: number) =>
      readXlConfigs((name) => {
        const config = tinyXlConfigs[name as keyof typeof tinyXlConfigs];
        return { source: name, config: name === 'text_encoder_2' ? { ...config, eos_token_id } : config };
      }).projected.endToken;
    expect([read(2), read(599)]).toEqual([null, 599]);
  });
});
