import { join } from 'node:path';

import { Failure } from '../../failure.ts';
import { exists } from '../../files/exists.ts';
import type { JsonObject } from '../../files/json-file.ts';
import { elementCount } from '../../graph/data-type.ts';
import { Graph } from '../../graph/graph.ts';
import type { ModelReference } from '../../jobs.ts';
import { type AutoencoderConfig, readAutoencoderConfig } from '../../models/autoencoder.ts';
import { clipText, type ClipTextConfig, readClipTextConfig } from '../../models/clip-text.ts';
import type { ReadWeight } from '../../models/inference.ts';
import { InputParameters } from '../../models/model-builder.ts';
import { readUNetConfig, unet, type UNetConfig, unetStride } from '../../models/unet.ts';
import { parseSchedulerConfig, type SchedulerConfig } from '../../noise/scheduler-config.ts';
import { type ClipTokenizer, loadClipTokenizer } from '../../tokenizer/clip-tokenizer.ts';
import { type LoraModule, readLora } from '../../weights/lora-file.ts';
import {
  type ComponentName,
  type ModelComponent,
  type ModelFolder,
  openComponent,
  openModelFolder,
  type WeightPrecision,
  type WeightToWrite,
  writeComponent,
} from '../../weights/model-folder.ts';
import { hashFiles } from '../../weights/weight-source.ts';

/** One of the three models, its config understood and its weights at hand. */
export interface Component<C> {
  readonly config: C;
  /** Its config.json as it is. */
  readonly configFile: JsonObject;
  /** False where there is a config alone: a model to be trained from scratch. */
  readonly hasWeights: boolean;
  /** All weights as they are read, a LoRA included, each when its turn has come; none without weights. */
  readonly weights: () => WeightToWrite[];
  /** A weight, a LoRA already added. Throws a Failure where it is missing or of another shape. */
  readonly readWeight: ReadWeight;
  /** Equal for equal config and weights, LoRA included. */
  hash(): Promise<string>;
  /** Writes config and the given weights as diffusers has them; `changes` go over the config. */
  write(
    folder: string,
    precision: WeightPrecision,
    weights: Iterable<WeightToWrite> | null,
    changes?: JsonObject,
  ): Promise<void>;
}

/** A Stable Diffusion model as it is in its folder, a checkpoint laid over it. */
export interface StableDiffusion {
  readonly unet: Component<UNetConfig>;
  readonly text_encoder: Component<ClipTextConfig>;
  readonly vae: Component<AutoencoderConfig>;
  readonly scheduler: SchedulerConfig;
  readonly schedulerFile: JsonObject;
  readonly tokenizer: ClipTokenizer;
  readonly tokenizerFolder: string;
  close(): Promise<void>;
}

/**
 * Opens the base and, over it, whatever its checkpoint holds. Only headers and configs are read.
 *
 * @throws Failure those of `openModelFolder`, of the configs and of the LoRA; `checkpoint-missing`, `model-mismatch`
 */
export async function openStableDiffusion(reference: ModelReference): Promise<StableDiffusion> {
  if (reference.checkpoint !== undefined) await checkCheckpoint(reference.checkpoint);
  const base = await openModelFolder(reference.base);
  const opened: ModelComponent[] = [];
  try {
    const choose = async (name: ComponentName): Promise<ModelComponent> => {
      const own = reference.checkpoint === undefined ? null : await componentOf(reference.checkpoint, name);
      if (own) opened.push(own);
      return own ?? base.component(name);
    };
    const folders = {
      unet: await choose('unet'),
      vae: await choose('vae'),
      text_encoder: await choose('text_encoder'),
    };
    const configs = {
      unet: readUNetConfig(folders.unet.config, join(folders.unet.folder, 'config.json')),
      vae: readAutoencoderConfig(folders.vae.config, join(folders.vae.folder, 'config.json')),
      text_encoder: readClipTextConfig(
        folders.text_encoder.config,
        join(folders.text_encoder.folder, 'config.json'),
      ),
    };
    checkFit(base, configs);
    const tokenizer = await loadClipTokenizer(base.tokenizerFolder);
    checkTokenizer(base, tokenizer, configs.text_encoder);
    const lora = await openLora(reference, configs);
    const schedulerPath = join(reference.base, 'scheduler', 'scheduler_config.json');
    return {
      unet: openedComponent(folders.unet, configs.unet, lora.unet),
      text_encoder: openedComponent(folders.text_encoder, configs.text_encoder, lora.text_encoder),
      vae: openedComponent(folders.vae, configs.vae, null),
      scheduler: parseSchedulerConfig(JSON.stringify(base.scheduler), schedulerPath),
      schedulerFile: base.scheduler,
      tokenizer,
      tokenizerFolder: base.tokenizerFolder,
      close: async () => {
        for (const checkpoint of opened) await checkpoint.close();
        await base.close();
      },
    };
  } catch (error) {
    for (const checkpoint of opened) await checkpoint.close();
    await base.close();
    throw error;
  }
}

const checkpointParts = ['unet', 'text_encoder', 'vae', 'lora.safetensors'] as const;

/** A folder with none of them would pass for the untouched base. */
async function checkCheckpoint(checkpoint: string): Promise<void> {
  for (const part of checkpointParts) if (await exists(join(checkpoint, part))) return;
  throw new Failure(
    'checkpoint-missing',
    `There is no checkpoint at ${checkpoint}: it holds none of ${checkpointParts.join(', ')}.`,
    'Choose an epoch whose checkpoint was kept.',
  );
}

async function componentOf(checkpoint: string, name: ComponentName): Promise<ModelComponent | null> {
  const folder = join(checkpoint, name);
  return (await exists(folder)) ? openComponent(folder, name) : null;
}

interface Configs {
  readonly unet: UNetConfig;
  readonly vae: AutoencoderConfig;
  readonly text_encoder: ClipTextConfig;
}

/** Parts of different models in one folder would fail deep inside a graph; here they are named. */
function checkFit(base: ModelFolder, { unet: denoiser, vae, text_encoder: text }: Configs): void {
  const mismatch = (what: string): Failure =>
    new Failure(
      'model-mismatch',
      `The parts of ${base.path} do not fit: ${what}.`,
      'Use the model as it was published.',
    );
  if (denoiser.crossAttentionDim !== text.hiddenSize) {
    throw mismatch(
      `the UNet reads embeddings of ${denoiser.crossAttentionDim}, the text encoder makes ${text.hiddenSize}`,
    );
  }
  if (denoiser.inChannels !== vae.latentChannels || denoiser.outChannels !== vae.latentChannels) {
    throw mismatch(
      `the UNet takes ${denoiser.inChannels} and gives ${denoiser.outChannels} channels, the VAE has ${vae.latentChannels}`,
    );
  }
}

function checkTokenizer(base: ModelFolder, tokenizer: ClipTokenizer, text: ClipTextConfig): void {
  if (tokenizer.maxLength === text.positions && tokenizer.vocabularySize <= text.vocabularySize) return;
  throw new Failure(
    'model-mismatch',
    `The tokenizer of ${base.path} gives ${tokenizer.maxLength} of ${tokenizer.vocabularySize} tokens; its text encoder ` +
      `takes ${text.positions} of ${text.vocabularySize}.`,
    'Use the model as it was published.',
  );
}

/** A LoRA's modules of one component, by module path, and what they are multiplied by. */
interface Adaptation {
  readonly modules: ReadonlyMap<string, LoraModule>;
  readonly strength: number;
  readonly file: string;
}

async function openLora(
  { checkpoint, loraScale = 1 }: ModelReference,
  configs: Configs,
): Promise<{ readonly unet: Adaptation | null; readonly text_encoder: Adaptation | null }> {
  const file = checkpoint === undefined ? '' : join(checkpoint, 'lora.safetensors');
  if (file === '' || !(await exists(file))) return { unet: null, text_encoder: null };
  const { modules } = await readLora(file, modulePaths(configs));
  const of = (component: 'unet' | 'text_encoder'): Adaptation => {
    const own = modules.filter((module) => module.component === component);
    return { modules: new Map(own.map((module) => [module.module, module])), strength: loraScale, file };
  };
  return { unet: of('unet'), text_encoder: of('text_encoder') };
}

/** Paths of every module with a weight of two or more axes, found by building the models. */
export function modulePaths({ unet: denoiser, text_encoder: text }: Omit<Configs, 'vae'>): {
  readonly unet: readonly string[];
  readonly text_encoder: readonly string[];
} {
  const graph = new Graph();
  const [unetModel, textModel] = [
    new InputParameters(graph, 'unet.'),
    new InputParameters(graph, 'text_encoder.'),
  ];
  const edge = unetStride(denoiser);
  unet(unetModel, denoiser, {
    sample: graph.input('sample', 'float32', [1, denoiser.inChannels, edge, edge]),
    timesteps: graph.input('timesteps', 'float32', [1]),
    encoderHiddenStates: graph.input('states', 'float32', [1, 1, denoiser.crossAttentionDim]),
  });
  clipText(textModel, text, graph.input('input_ids', 'int64', [1, 1]));
  const paths = ({ specs }: InputParameters): string[] =>
    specs.flatMap(({ name, shape }) => (shape.length > 1 ? [name.replace(/\.weight$/, '')] : []));
  return { unet: paths(unetModel), text_encoder: paths(textModel) };
}

function openedComponent<C>(folder: ModelComponent, config: C, lora: Adaptation | null): Component<C> {
  const { weights, name } = folder;
  const readWeight: ReadWeight = async ({ name: key, shape }) => {
    if (!weights) {
      throw new Failure(
        'weights-missing',
        `${folder.folder} has a config and no weights.`,
        'Train it from scratch, or copy the whole model.',
      );
    }
    const found = weights.shape(key);
    if (found.join() !== shape.join()) {
      throw new Failure(
        'weights-shape',
        `${folder.folder}: ${key} has the shape [${found.join(', ')}], its config asks for [${shape.join(', ')}].`,
        'Check that config.json and weights belong together.',
      );
    }
    const weight = await weights.read(key);
    const module = lora?.modules.get(key.replace(/\.weight$/, ''));
    if (module && key.endsWith('.weight')) addLora(weight, shape, module, lora!);
    return weight;
  };
  return {
    config,
    configFile: folder.config,
    hasWeights: weights !== null,
    weights: () =>
      (weights?.names ?? []).map((key) => {
        const shape = weights!.shape(key);
        return { name: key, shape, data: () => readWeight({ name: key, shape }) };
      }),
    readWeight,
    hash: async () => {
      const own = await folder.hash();
      return lora && lora.modules.size > 0 ? `${own}+${await hashFiles([lora.file])}x${lora.strength}` : own;
    },
    write: (target, precision, written, changes = {}) =>
      writeComponent(target, name, { ...folder.config, ...changes }, written, precision),
  };
}

/** W += strength · alpha / rank · up · down, in double precision. */
function addLora(
  weight: Float32Array,
  shape: readonly number[],
  { module, rank, alpha, down, up, kernel }: LoraModule,
  { strength, file }: Adaptation,
): void {
  const rows = shape[0]!;
  const columns = elementCount(shape) / rows;
  if (down.length !== rank * columns || up.length !== rows * rank || kernel.some((extent) => extent !== 1)) {
    throw new Failure(
      'lora-shape',
      `${file}: ${module} does not fit a weight of the shape [${shape.join(', ')}].`,
      'Use a LoRA that was trained on this kind of base model.',
    );
  }
  const scale = (strength * alpha) / rank;
  const row = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = up[i * rank + r]! * scale;
      for (let j = 0; j < columns; j++) row[j] = row[j]! + factor * down[r * columns + j]!;
    }
    for (let j = 0; j < columns; j++) weight[i * columns + j] = weight[i * columns + j]! + row[j]!;
  }
}
