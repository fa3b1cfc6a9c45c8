import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';

import { writeOnnxPart } from '../../native/families/onnx/write-part.ts';
import { openModel } from '../../native/families/open-model.ts';
import { makeFolder } from '../../native/files/atomic-file.ts';
import type { ModelReference } from '../../native/jobs.ts';
import { openInference } from '../../native/models/inference.ts';
import { runJob } from '../../native/run-job.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import { createSampler } from '../../native/sampling/create-sampler.ts';
import { createPictureNoise } from '../../native/sampling/picture-noise.ts';
import { toRgb } from '../../native/sampling/text-to-image.ts';
import { writeKohyaLora } from '../../native/weights/lora-file.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { writeSingleFileModel } from '../reference/single-file-models.ts';
import { failureOf, hashTree, tinyLora, tinyLoraLayout, writeTinyModel } from '../training/tiny-model.ts';
import { writeTinyXlModel } from '../training/tiny-xl-model.ts';

const folder = temporaryFolder();
const at = (...parts: readonly string[]): string => join(folder.path, ...parts);
const context = { emit: () => undefined, stop: new AbortController().signal };
const prompt = 'a red square';

beforeAll(async () => {
  await writeTinyModel(at('sd'));
  await writeTinyXlModel(at('sdxl'));
  await writeSingleFileModel(folder.path, 2);
  await makeFolder(at('checkpoint'));
  await writeKohyaLora(at('checkpoint', 'lora.safetensors'), tinyLora(), tinyLoraLayout, 'float32', {});
});

function exportTo(output: string, model: ModelReference, precision: 'float32' | 'float16' = 'float32') {
  return runJob({ kind: 'export', model, format: 'onnx', output, precision, metadata: {} }, context);
}

const settings = { sampler: 'ddim', steps: 3, guidanceScale: 4 } as const;

/** The picture this program makes of a model. */
async function drawn(model: ModelReference, name: string, width: number, height: number): Promise<Buffer> {
  const picture = {
    model,
    prompt,
    negativePrompt: '',
    seed: 5,
    ...settings,
    width,
    height,
    output: at(name),
  };
  await runJob({ kind: 'generate', pictures: [picture], batchSize: 1, device: { provider: 'cpu' } }, context);
  return sharp(at(name)).raw().toBuffer();
}

/** Runs a graph of the folder as any program does: by its file, and by the names that Optimum gives inputs and outputs. */
async function run(pipeline: string, part: string, feeds: Readonly<Record<string, Tensor>>) {
  const session = await InferenceSession.create(join(pipeline, part, 'model.onnx'));
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

const floats = (data: ArrayLike<number>, ...shape: number[]): Tensor =>
  new Tensor('float32', Float32Array.from(data), shape);
const numbersOf = (tensor: Tensor | undefined): Float32Array => tensor!.data as Float32Array;

/** What the denoiser is told of the empty prompt and of ours, a row each. */
async function conditions(pipeline: string, model: ModelReference, width: number, height: number) {
  const { conditioning, onnx, close } = await openModel(model);
  const texts: Tensor[] = [];
  let whole: Tensor | null = null;
  const rows = [null, prompt].map((text) => conditioning.tokenize(text));
  // What is not given stands for zeros in SDXL.
  const told = rows.map(({ told: weight }) => weight?.[0] ?? 1);
  const weighted = (tensor: Tensor): Tensor => {
    const size = tensor.size / 2;
    return floats(
      numbersOf(tensor).map((x, i) => x * told[Math.floor(i / size)]!),
      ...tensor.dims,
    );
  };
  for (const [i, part] of onnx.texts.entries()) {
    const ids = rows.flatMap((row) => row[i === 0 ? 'input_ids' : 'input_ids_2']!.map(BigInt));
    const found = await run(pipeline, part.folder, {
      input_ids: new Tensor('int64', BigInt64Array.from(ids), [2, ids.length / 2]),
    });
    const penultimate = Object.keys(found).filter((name) => name.startsWith('hidden_states.')).length - 2;
    const isXl = onnx.texts.length > 1;
    texts.push(weighted(found[isXl ? `hidden_states.${penultimate}` : 'last_hidden_state']!));
    if (i === 1) whole = weighted(found.text_embeds!);
  }
  await close();
  const [n, tokens] = texts[0]!.dims as [number, number];
  const widths = texts.map(({ dims }) => dims[2]!);
  const joined = Array.from({ length: n * tokens }, (_, row) =>
    texts.flatMap((text, i) => [...numbersOf(text).subarray(row * widths[i]!, (row + 1) * widths[i]!)]),
  ).flat();
  const sizes = [height, width, 0, 0, height, width];
  return {
    encoder_hidden_states: floats(joined, n, tokens, joined.length / n / tokens),
    ...(whole && { text_embeds: whole, time_ids: floats([...sizes, ...sizes], 2, 6) }),
  };
}

/** The same picture by the graphs alone. */
async function drawnByGraphs(
  pipeline: string,
  model: ModelReference,
  width: number,
  height: number,
): Promise<Uint8Array> {
  const { noise: process, autoencoder, close } = await openModel(model);
  await close();
  const { factor, latentChannels: channels, scalingFactor } = autoencoder;
  const [h, w] = [height / factor, width / factor];
  const sampler = createSampler(settings.sampler, process.scheduler, settings.steps);
  const noise = createPictureNoise([5], [channels, h, w]);
  const told = await conditions(pipeline, model, width, height);
  let latents = noise().map((value) => value * sampler.initialNoiseScale);
  for (const [i, timestep] of sampler.timesteps.entries()) {
    const input = sampler.scaleInput(latents, i);
    const { out_sample: both } = await run(pipeline, 'unet', {
      sample: floats([...input, ...input], 2, channels, h, w),
      timestep: floats([timestep]),
      ...told,
    });
    const [without, given] = [0, 1].map((row) =>
      numbersOf(both).subarray(row * latents.length, (row + 1) * latents.length),
    ) as [Float32Array, Float32Array];
    const guided = without.map((value, k) => value + settings.guidanceScale * (given[k]! - value));
    latents = sampler.step(Float32Array.from(guided), i, latents, noise);
  }
  const { sample } = await run(pipeline, 'vae_decoder', {
    latent_sample: floats(
      latents.map((value) => value / scalingFactor),
      1,
      channels,
      h,
      w,
    ),
  });
  expect(sample!.dims).toEqual([1, 3, height, width]);
  return toRgb(numbersOf(sample));
}

describe('a model exported as an ONNX pipeline', () => {
  // Optimum's own pipelines make diffusers' pictures of such folders: tests/reference/onnx_pipeline.py.
  test('has the files of Optimum’s layout', async () => {
    await exportTo(at('files'), { base: at('sdxl') });
    expect(Object.keys(await hashTree(at('files'))).sort()).toEqual(
      [
        'model_index.json',
        'scheduler/scheduler_config.json',
        ...['text_encoder', 'text_encoder_2', 'unet', 'vae_decoder', 'vae_encoder'].flatMap((part) => [
          `${part}/config.json`,
          `${part}/model.onnx`,
        ]),
        ...['tokenizer', 'tokenizer_2'].flatMap((name) =>
          ['merges.txt', 'special_tokens_map.json', 'tokenizer_config.json', 'vocab.json'].map(
            (file) => `${name}/${file}`,
          ),
        ),
      ]
        .map((file) => join(...file.split('/')))
        .sort(),
    );
    const index = JSON.parse(await readFile(at('files', 'model_index.json'), 'utf8')) as object;
    expect(index).toMatchObject({
      _class_name: 'ORTStableDiffusionXLPipeline',
      unet: ['optimum.onnxruntime.modeling_diffusion', 'ORTUnet'],
      vae_decoder: ['optimum.onnxruntime.modeling_diffusion', 'ORTVaeDecoder'],
      tokenizer_2: ['transformers', 'CLIPTokenizer'],
    });
  });

  test('has inputs and outputs of Optimum’s names, with the axes it leaves free', async () => {
    await exportTo(at('names'), { base: at('sd') });
    const session = await InferenceSession.create(at('names', 'unet', 'model.onnx'));
    const described = (list: typeof session.inputMetadata) =>
      list.map((value) => (value.isTensor ? [value.name, value.type, ...value.shape] : []));
    expect(described(session.inputMetadata)).toEqual([
      ['sample', 'float32', 'batch_size', 4, 'height', 'width'],
      ['timestep', 'float32'],
      ['encoder_hidden_states', 'float32', 'batch_size', 'sequence_length', expect.any(Number)],
    ]);
    expect(described(session.outputMetadata)).toEqual([
      ['out_sample', 'float32', 'batch_size', 4, 'height', 'width'],
    ]);
    await session.release();
    const decoder = await InferenceSession.create(at('names', 'vae_decoder', 'model.onnx'));
    expect(described(decoder.outputMetadata)).toEqual([
      ['sample', 'float32', 'batch_size', 3, 'latent_height * 4', 'latent_width * 4'],
    ]);
    await decoder.release();
  });

  // Of Stable Diffusion 2.x the single file.
  test.each(['sd', 'sd2.safetensors', 'sdxl'])(
    'makes our picture by its graphs alone, in sizes it was not built for: %s',
    async (name) => {
      const model = { base: at(name) };
      const pipeline = at(`${name} graphs`);
      await exportTo(pipeline, model);
      for (const [width, height] of [
        [32, 32],
        [48, 16],
      ] as const) {
        const ours = await drawn(model, `${name} ${width}.png`, width, height);
        expect(maxDifference(await drawnByGraphs(pipeline, model, width, height), ours)).toBeLessThanOrEqual(
          2,
        );
      }
    },
  );

  test('has LoRAs merged', async () => {
    const model = { base: at('sd'), checkpoint: at('checkpoint') };
    await exportTo(at('merged'), model);
    const [ours, base] = [
      await drawn(model, 'm.png', 32, 32),
      await drawn({ base: at('sd') }, 'b.png', 32, 32),
    ];
    const byGraphs = await drawnByGraphs(at('merged'), model, 32, 32);
    expect(maxDifference(byGraphs, ours)).toBeLessThanOrEqual(2);
    expect(maxDifference(byGraphs, base)).toBeGreaterThan(2);
  });

  test.each(['sd', 'sdxl'])('in float16 is half the size and hardly another model: %s', async (name) => {
    const model = { base: at(name) };
    await exportTo(at(`${name} whole`), model);
    await exportTo(at(`${name} half`), model, 'float16');
    const sizeOf = async (kind: string): Promise<number> =>
      (await stat(at(`${name} ${kind}`, 'vae_decoder', 'model.onnx'))).size;
    expect(await sizeOf('half')).toBeLessThan(0.8 * (await sizeOf('whole')));
    const ours = await drawn(model, `${name} half.png`, 32, 32);
    // Weights and products of order one, rounded to 11 bits, and guidance of 4 over untrained weights.
    expect(maxDifference(await drawnByGraphs(at(`${name} half`), model, 32, 32), ours)).toBeLessThan(10);
  });

  test('gives the encoder’s mean and log variance, as the autoencoder computes them', async () => {
    await exportTo(at('encoder'), { base: at('sd') });
    const picture = Float32Array.from({ length: 3 * 16 * 24 }, (_, i) => Math.sin(i));
    const { latent_parameters: found } = await run(at('encoder'), 'vae_encoder', {
      sample: floats(picture, 1, 3, 16, 24),
    });
    expect(found!.dims).toEqual([1, 8, 4, 6]);
    const runtime = await chooseRuntime({ provider: 'cpu' });
    const { autoencoder, readWeight, close } = await openModel({ base: at('sd') });
    const encoder = await openInference(runtime, readWeight, (builders, graph) => ({
      ...autoencoder.encode(builders('vae'), graph.input('pictures', 'float32', [1, 3, 16, 24])),
    }));
    const { mean, logVariance } = await encoder.run({ pictures: picture });
    expect(maxDifference(numbersOf(found), [...mean!, ...logVariance!])).toBeLessThan(1e-4);
    await encoder.dispose();
    await runtime.dispose();
    await close();
  });

  test('keeps large weights in a file beside the graph, and computes the same', async () => {
    const model = await openModel({ base: at('sd') });
    const { decoder } = model.onnx;
    for (const [name, mostInside] of [
      ['inside', Infinity],
      ['beside', 0],
    ] as const) {
      await makeFolder(at(name, 'vae_decoder'));
      await writeOnnxPart(at(name, 'vae_decoder'), decoder, model.readWeight, 'float32', mostInside);
    }
    await model.close();
    const latents = floats(
      Float32Array.from({ length: 4 * 4 * 6 }, (_, i) => Math.cos(i)),
      1,
      4,
      4,
      6,
    );
    const [inside, beside] = [
      await run(at('inside'), 'vae_decoder', { latent_sample: latents }),
      await run(at('beside'), 'vae_decoder', { latent_sample: latents }),
    ];
    expect(numbersOf(beside.sample)).toEqual(numbersOf(inside.sample));
    const sizes = await Promise.all(
      ['model.onnx', 'model.onnx_data'].map(
        async (file) => (await stat(at('beside', 'vae_decoder', file))).size,
      ),
    );
    expect(sizes[1]! % 4096).toBe(0);
    await expect(stat(at('inside', 'vae_decoder', 'model.onnx_data'))).rejects.toThrow('ENOENT');
  });

  test('is written whole or not at all', async () => {
    await writeTinyModel(at('bare'), { withoutWeights: ['vae'] });
    const bare = await failureOf(exportTo(at('from bare'), { base: at('bare') }));
    expect([bare.code, bare.message]).toEqual(['weights-missing', expect.stringMatching(/vae/)]);
    const left = Object.keys(await hashTree(folder.path)).filter((file) => file.startsWith('from bare'));
    expect(left).toEqual([]);
  });
});
