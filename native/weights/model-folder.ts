/** Stable Diffusion models as diffusers keeps them: a folder with a model_index.json and a folder per component. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileAtomic } from '../files/atomic-file.ts';
import type { JsonObject } from '../files/json-file.ts';
import type { ComponentKind, FolderLayout } from './component-kind.ts';
import {
  among,
  type ComponentConfig,
  type ModelConfigs,
  readComponentConfig,
  readModelConfigs,
} from './model-configs.ts';
import { writeSafetensors } from './safetensors.ts';
import type { WeightSource } from './weight-source.ts';
import { hashFiles, openWeightSource } from './weight-source.ts';

export type { WeightSource } from './weight-source.ts';

export interface ModelComponent extends ComponentConfig {
  /** What its folder is called. */
  readonly name: string;
  /** Its folder, or the file it is in. */
  readonly path: string;
  readonly kind: ComponentKind;
  /** Null where the folder holds a config alone: a model to be trained from scratch. */
  readonly weights: WeightSource | null;
  /** SHA-256 in hex over config and weight files, read once: equal only for equal files. */
  hash(): Promise<string>;
  close(): Promise<void>;
}

export interface ModelFolder extends ModelConfigs<ModelComponent> {
  close(): Promise<void>;
}

/**
 * Opens one component's folder, of a model or of a checkpoint.
 *
 * @throws Failure `model-component-missing`, and those of reading JSON and weights
 */
export async function openComponent(
  folder: string,
  name: string,
  kind: ComponentKind,
): Promise<ModelComponent> {
  return withWeights(folder, await readComponentConfig(folder), name, kind);
}

async function withWeights(
  folder: string,
  { source, config }: ComponentConfig,
  name: string,
  kind: ComponentKind,
): Promise<ModelComponent> {
  const weights = await openWeightSource(folder, kind);
  let hash: Promise<string> | undefined;
  return {
    name,
    kind,
    path: folder,
    source,
    config,
    weights,
    hash: () => (hash ??= hashFiles([source, ...(weights?.files ?? [])])),
    close: async () => weights?.close(),
  };
}

/**
 * Opens a model folder: configs read, weight files opened and their headers checked, nothing more.
 *
 * @throws Failure those of `readModelConfigs`; `model-weights-pickle`, and those of safetensors and of PyTorch files
 */
export async function openModelFolder(path: string, layouts: readonly FolderLayout[]): Promise<ModelFolder> {
  const configs = await readModelConfigs(path, layouts);
  const components = new Map<string, ModelComponent>();
  const close = async (): Promise<void> => {
    for (const component of components.values()) await component.close();
  };
  try {
    for (const [name, own] of configs.components)
      components.set(
        name,
        await withWeights(join(path, name), own, name, configs.layout.components.get(name)!),
      );
  } catch (error) {
    await close();
    throw error;
  }
  return { ...configs, components, close, component: among(components, path) };
}

export interface WeightToWrite {
  /** State-dict key. */
  readonly name: string;
  readonly shape: readonly number[];
  /** A function is called when the weight's turn has come, so that a model need not be in memory whole. */
  readonly data: Float32Array<ArrayBuffer> | (() => Promise<Float32Array<ArrayBuffer>>);
}

export type WeightPrecision = 'float32' | 'float16';

/** Every weight of a source, to be written as it is read. */
export function weightsOf(source: WeightSource): WeightToWrite[] {
  return source.names.map((name) => ({ name, shape: source.shape(name), data: () => source.read(name) }));
}

/** Fields that transformers 5 refuses as integers, and JavaScript cannot tell 1.0 from 1. */
const fractions = /^( {2}"(?:initializer_factor|initializer_range|layer_norm_eps)": -?\d+)(?=,?$)/gm;

/** A config as it is, but for the element type transformers notes in it. */
function configText(config: JsonObject, precision: WeightPrecision): string {
  const noted = ['dtype', 'torch_dtype'].filter((key) => key in config);
  const updated = { ...config, ...Object.fromEntries(noted.map((key) => [key, precision])) };
  return `${JSON.stringify(updated, null, 2).replaceAll(fractions, '$1.0')}\n`;
}

/**
 * Writes config.json and, where given, weights into a component's folder, which is made where missing. Every file is
 * written atomically and the same input gives the same bytes.
 *
 * @throws Failure `write-failed`
 */
export async function writeComponent(
  folder: string,
  { weightsFile }: Pick<ComponentKind, 'weightsFile'>,
  config: JsonObject,
  weights: Iterable<WeightToWrite> | null,
  precision: WeightPrecision,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(join(folder, 'config.json'), configText(config, precision));
  if (weights === null) return;
  const dtype = precision === 'float16' ? 'F16' : 'F32';
  const tensors = [...weights].map(
    ({ name: key, shape, data }) => ({ name: key, dtype, shape, data }) as const,
  );
  // transformers refuses a file whose metadata does not name the framework its layout is of.
  await writeSafetensors(join(folder, weightsFile), tensors, { format: 'pt' });
}
