/**
 * A whole Stable Diffusion of a few thousand weights, and pictures to train it on, made on the spot: the same code as
 * for the real ones runs in milliseconds. Everything is a function of the names and numbers below, so two machines
 * make the same files.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import sharp from 'sharp';

import { Failure } from '../../native/failure.ts';
import { stableDiffusionLayout } from '../../native/families/stable-diffusion/layout.ts';
import { loraLayout, takesAdapter } from '../../native/families/stable-diffusion/lora.ts';
import type { JsonObject } from '../../native/files/json-file.ts';
import { Graph } from '../../native/graph/graph.ts';
import type { JobEvent, TrainingImage, TrainingSettings, TrainJob, TrainResult } from '../../native/jobs.ts';
import { decode, encode, readAutoencoderConfig } from '../../native/models/autoencoder.ts';
import { clipText, readClipTextConfig } from '../../native/models/clip-text.ts';
import { InputParameters } from '../../native/models/model-builder.ts';
import type { Parameter } from '../../native/models/parameter.ts';
import { readUNetConfig, unet } from '../../native/models/unet.ts';
import { normals } from '../../native/random/philox.ts';
import { generateOn } from '../../native/sampling/generate.ts';
import { folderTokenizer } from '../../native/tokenizer/tokenizer-source.ts';
import { trainBpe, writeClipTokenizer } from '../../native/tokenizer/train-bpe.ts';
import type { DiffusionGraphOptions } from '../../native/training/diffusion-graph.ts';
import { drawnWeights } from '../../native/training/initial-weights.ts';
import { train } from '../../native/training/train.ts';
import type { LoraModule } from '../../native/weights/lora-file.ts';
import type { LoraLayout } from '../../native/weights/lora-names.ts';
import type { WeightToWrite } from '../../native/weights/model-folder.ts';
import { writeModelFolder } from '../../native/weights/write-model-folder.ts';

export type ComponentName = 'unet' | 'vae' | 'text_encoder';

const vocabularySize = 600;
const tokens = 16;
const width = 16;

export const tinyConfigs = {
  text_encoder: {
    architectures: ['CLIPTextModel'],
    bos_token_id: vocabularySize - 2,
    eos_token_id: vocabularySize - 1,
    hidden_act: 'quick_gelu',
    hidden_size: width,
    intermediate_size: 32,
    layer_norm_eps: 1e-5,
    max_position_embeddings: tokens,
    model_type: 'clip_text_model',
    num_attention_heads: 2,
    num_hidden_layers: 2,
    pad_token_id: vocabularySize - 1,
    projection_dim: width,
    vocab_size: vocabularySize,
  },
  unet: {
    _class_name: 'UNet2DConditionModel',
    _diffusers_version: '0.30.0',
    act_fn: 'silu',
    attention_head_dim: 2,
    block_out_channels: [16, 32],
    center_input_sample: false,
    cross_attention_dim: width,
    down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
    downsample_padding: 1,
    flip_sin_to_cos: true,
    freq_shift: 0,
    in_channels: 4,
    layers_per_block: 1,
    mid_block_scale_factor: 1,
    norm_eps: 1e-5,
    norm_num_groups: 8,
    out_channels: 4,
    sample_size: 8,
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  },
  vae: {
    _class_name: 'AutoencoderKL',
    _diffusers_version: '0.30.0',
    act_fn: 'silu',
    block_out_channels: [8, 16, 16],
    down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D'],
    in_channels: 3,
    latent_channels: 4,
    layers_per_block: 1,
    norm_num_groups: 8,
    out_channels: 3,
    sample_size: 32,
    scaling_factor: 0.5,
    up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D'],
  },
} as const satisfies Record<ComponentName, object>;

export const tinyScheduler = {
  _class_name: 'DDIMScheduler',
  _diffusers_version: '0.30.0',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
  set_alpha_to_one: false,
  steps_offset: 1,
  timestep_spacing: 'leading',
} as const;

/** A UNet of one level with its one transformer in the middle, for tests that start many processes. */
export const plainUNet = {
  ...tinyConfigs.unet,
  block_out_channels: [16],
  down_block_types: ['DownBlock2D'],
  up_block_types: ['UpBlock2D'],
};

/** Conditioning by states that are given, without encoders in the graph. */
export function statesAlone(tokenCount: number, size: number): DiffusionGraphOptions['conditioning'] {
  return {
    tokens: {},
    states: { encoder_hidden_states: { type: 'float32', shape: [tokenCount, size] } },
    facts: {},
    encode: () => {
      throw new Error('There are no encoders.');
    },
  };
}

/** Every parameter of a component, found by building it. */
export function tinyParameters(
  name: ComponentName,
  config: object = tinyConfigs[name],
): readonly Parameter[] {
  const graph = new Graph();
  const model = new InputParameters(graph, { component: name, prefix: `${name}.` });
  const input = (label: string, shape: readonly number[]) => graph.input(label, 'float32', shape);
  if (name === 'unet') {
    unet(model, readUNetConfig(config), {
      sample: input('sample', [1, 4, 8, 8]),
      timesteps: input('timesteps', [1]),
      promptStates: input('states', [1, tokens, width]),
    });
  } else if (name === 'vae') {
    const vae = readAutoencoderConfig(config);
    encode(model, vae, input('pictures', [1, 3, 32, 32]));
    decode(model, vae, input('latents', [1, 4, 8, 8]));
  } else {
    clipText(model, readClipTextConfig(config), graph.input('ids', 'int64', [1, tokens]));
  }
  return model.parameters;
}

/** Random weights, biases and scales too, so that no term of the model is one that does nothing. */
function tinyWeights(name: ComponentName, config: object, seed: number): WeightToWrite[] {
  return tinyParameters(name, config).map((parameter, i) => {
    const data = drawnWeights(parameter, seed);
    if (parameter.shape.length === 1) {
      const shift = normals(seed, 'initial-weights', 1, i, new Float32Array(data.length));
      for (let k = 0; k < data.length; k++) data[k] = data[k]! + 0.1 * shift[k]!;
    } else if (name === 'vae') {
      // Wider than PyTorch's defaults, whose activations shrink from layer to layer: pictures would all be grey.
      for (let k = 0; k < data.length; k++) data[k] = data[k]! * 1.8;
    }
    return { name: parameter.key, shape: parameter.shape, data };
  });
}

export const tinyTexts = Array.from({ length: 3 }, () =>
  [
    'a red square on blue',
    'a green circle on white',
    'a yellow stripe',
    'two small grey dots, blurred',
  ].join(),
);

export interface TinyModelOptions {
  readonly seed?: number;
  /** Goes over `tinyScheduler`. */
  readonly scheduler?: Readonly<Record<string, unknown>>;
  /** Instead of that of `tinyConfigs`. */
  readonly unet?: object;
  /** Components that get a config and no weights. */
  readonly withoutWeights?: readonly ComponentName[];
}

/** Writes the model as a diffusers folder. */
export async function writeTinyModel(
  folder: string,
  {
    seed = 1,
    scheduler = {},
    unet: unetConfig = tinyConfigs.unet,
    withoutWeights = [],
  }: TinyModelOptions = {},
): Promise<void> {
  const tokenizerFolder = `${folder}-tokenizer`;
  await writeClipTokenizer(tokenizerFolder, trainBpe(tinyTexts, vocabularySize), tokens);
  const part = (name: ComponentName) => {
    const config = name === 'unet' ? unetConfig : tinyConfigs[name];
    const weights = withoutWeights.includes(name) ? null : tinyWeights(name, config, seed);
    return { config: config as JsonObject, weights };
  };
  await writeModelFolder(folder, {
    layout: stableDiffusionLayout,
    components: { unet: part('unet'), vae: part('vae'), text_encoder: part('text_encoder') },
    scheduler: { ...tinyScheduler, ...scheduler },
    tokenizers: { tokenizer: folderTokenizer(tokenizerFolder) },
    precision: 'float32',
  });
}

/** How files name the modules of the tiny model. */
export const tinyLoraLayout: LoraLayout = loraLayout({
  unet: readUNetConfig(tinyConfigs.unet),
  text: readClipTextConfig(tinyConfigs.text_encoder),
});

/** A LoRA on every module that takes one, strong enough to change pictures. */
export function tinyLora(rank = 2, alpha = 3): LoraModule[] {
  return (['unet', 'text_encoder'] as const).flatMap((component) =>
    tinyParameters(component).flatMap(({ key, shape }, i): LoraModule[] => {
      const module = key.replace(/\.weight$/, '');
      if (shape.length < 2 || !takesAdapter(component, module)) return [];
      const [rows, columns, ...kernel] = shape as [number, number, ...number[]];
      const part = (index: number, length: number): Float32Array<ArrayBuffer> =>
        normals(5, 'initial-weights', index, i, new Float32Array(length)).map((value) => value * 0.2);
      return [
        { component, module, rank, alpha, kernel, down: part(0, rank * columns), up: part(1, rows * rank) },
      ];
    }),
  );
}

/** A small picture that differs from every other by its number. */
export async function drawPicture(path: string, number: number, size = 40): Promise<void> {
  const hue = (number * 67) % 360;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}">
    <rect width="100%" height="100%" fill="hsl(${hue}, 60%, 70%)"/>
    <circle cx="${10 + ((number * 7) % 20)}" cy="${12 + ((number * 5) % 16)}" r="9" fill="hsl(${hue + 140}, 80%, 40%)"/>
  </svg>`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await sharp(Buffer.from(svg)).png().toBuffer());
}

const captions = ['a red square on blue', 'a green circle', 'a yellow stripe', 'two dots'];

/** Draws `count` pictures into the folder, spread over the buckets given as `[width, height]`. */
export async function drawImages(
  folder: string,
  count: number,
  buckets: readonly (readonly [number, number])[] = [[32, 32]],
): Promise<TrainingImage[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i): Promise<TrainingImage> => {
      const id = `picture ${i}.png`;
      await drawPicture(join(folder, id), i);
      const [bucketWidth, bucketHeight] = buckets[i % buckets.length]!;
      const text = captions[i % captions.length]!;
      return {
        id,
        path: join(folder, id),
        captions: i % 3 === 0 ? [text, `${text}, again`] : [text],
        width: bucketWidth,
        height: bucketHeight,
      };
    }),
  );
}

export const tinySettings: TrainingSettings = {
  epochs: 2,
  checkpointEpochs: [2],
  batchSize: 2,
  gradientAccumulation: 1,
  learningRate: 1e-3,
  schedule: { kind: 'constant', warmupSteps: 0 },
  optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-2 },
  maxGradientNorm: 1,
  emaDecay: 0,
  minSnrGamma: 0,
  noiseOffset: 0,
  captionDropout: 0,
  randomFlip: false,
  seed: 3,
  checkpointPrecision: 'float32',
  stateEveryMinutes: 60,
};

/** A job of full finetuning in `folder`, with `changes` to its settings. */
export function tinyJob(
  parts: Pick<TrainJob, 'folder' | 'base' | 'images'> & Partial<TrainJob>,
  changes: Partial<TrainingSettings> = {},
): TrainJob {
  return {
    kind: 'train',
    cacheFolder: join(parts.folder, '..', 'cache'),
    method: { kind: 'full', textEncoder: false },
    settings: { ...tinySettings, ...changes },
    validation: [],
    device: { provider: 'cpu' },
    ...parts,
  };
}

/** Trains in this process and collects what is said; `onEvent` may throw or abort. */
export async function trainHere(
  job: TrainJob,
  onEvent: (event: JobEvent) => void = () => undefined,
  stop = new AbortController().signal,
): Promise<{ readonly result: TrainResult; readonly events: readonly JobEvent[] }> {
  const events: JobEvent[] = [];
  const emit = (event: JobEvent): void => {
    events.push(event);
    onEvent(event);
  };
  return { result: await train(job, { emit, stop }, generateOn), events };
}

/** The optimizer steps among events. */
export function stepsOf(events: readonly JobEvent[]): Extract<JobEvent, { readonly type: 'step' }>[] {
  return events.filter((event) => event.type === 'step');
}

/** The lines of a run's log without what the clock decides. */
export async function readMetrics(folder: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(folder, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => ({ ...(JSON.parse(line) as Record<string, unknown>), seconds: 0 }));
}

/** SHA-256 of every file below a folder, by relative path. */
export async function hashTree(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const hashes: [string, string][] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    hashes.push([
      relative(folder, path),
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ]);
  }
  return Object.fromEntries(hashes.sort());
}

/** The `Failure` a promise is rejected with; anything else it comes to is an error of the test. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error: unknown = await promise.then(
    () => new Error('It did not fail.'),
    (reason: unknown) => reason,
  );
  if (error instanceof Failure) return error;
  throw error;
}
