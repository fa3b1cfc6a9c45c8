/** Stable Diffusion models as diffusers keeps them: a folder with a model_index.json and a folder per component. */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../failure.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import type { JsonObject } from '../files/json-file.ts';
import { readJsonObject } from '../files/json-file.ts';
import type { ComponentKind, FolderLayout } from './component-kind.ts';
import { writeSafetensors } from './safetensors.ts';
import type { WeightSource } from './weight-source.ts';
import { hashFiles, openWeightSource } from './weight-source.ts';

export type { WeightSource } from './weight-source.ts';

export interface ModelComponent {
  /** What its folder is called. */
  readonly name: string;
  readonly kind: ComponentKind;
  readonly folder: string;
  /** Its config.json. */
  readonly config: JsonObject;
  /** Null where the folder holds a config alone: a model to be trained from scratch. */
  readonly weights: WeightSource | null;
  /** SHA-256 in hex over config and weight files, read once: equal only for equal files. */
  hash(): Promise<string>;
  close(): Promise<void>;
}

export interface ModelFolder {
  readonly path: string;
  readonly layout: FolderLayout;
  /** Its model_index.json. */
  readonly index: JsonObject;
  /** Those of the layout's components that the folder has. */
  readonly components: ReadonlyMap<string, ModelComponent>;
  /** Its scheduler/scheduler_config.json. */
  readonly scheduler: JsonObject;
  /** @throws Failure `model-component-missing` */
  component(name: string): ModelComponent;
  close(): Promise<void>;
}

function unsupported(path: string, what: string, layouts: readonly FolderLayout[]): Failure {
  return new Failure(
    'model-unsupported',
    `${path} is a ${what}, which cannot be used here`,
    `Choose a model of the ${layouts.map(({ label }) => label).join(' or ')} family.`,
  );
}

async function kindOf(path: string): Promise<'folder' | 'file' | null> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return null;
  }
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
  const configPath = join(folder, 'config.json');
  const config = await readJsonObject(configPath);
  if (config === null) {
    throw new Failure(
      'model-component-missing',
      `${folder} has no config.json`,
      'Copy the whole model folder; every component needs its config.json.',
    );
  }
  const weights = await openWeightSource(folder, kind);
  let hash: Promise<string> | undefined;
  return {
    name,
    kind,
    folder,
    config,
    weights,
    hash: () => (hash ??= hashFiles([configPath, ...(weights?.files ?? [])])),
    close: async () => weights?.close(),
  };
}

/** The layout of the family the index speaks of. */
function layoutOf(path: string, index: JsonObject, layouts: readonly FolderLayout[]): FolderLayout {
  const pipeline = String(index._class_name);
  const layout = layouts.find(({ pipelines }) => pipelines.includes(pipeline));
  if (layout === undefined) throw unsupported(path, pipeline, layouts);
  for (const [name, { className }] of layout.components) {
    const entry = index[name];
    if (!Array.isArray(entry) || entry[1] === null) continue;
    if (entry[1] !== className)
      throw unsupported(path, `${pipeline} with ${String(entry[1])} as its ${name}`, layouts);
  }
  for (const extra of layout.foreign) {
    const entry = index[extra];
    if (Array.isArray(entry) && entry[1] !== null)
      throw unsupported(path, `${pipeline} with a ${extra}`, layouts);
  }
  return layout;
}

/**
 * Opens a model folder: configs read, weight files opened and their headers checked, nothing more.
 *
 * @throws Failure `model-missing`, `model-single-file`, `model-index-missing`, `model-unsupported`,
 * `model-component-missing`, `model-weights-pickle` and those of reading JSON and safetensors
 */
export async function openModelFolder(path: string, layouts: readonly FolderLayout[]): Promise<ModelFolder> {
  const kind = await kindOf(path);
  if (kind === null) {
    throw new Failure(
      'model-missing',
      `There is no model at ${path}`,
      'Check the path, or choose another model.',
    );
  }
  if (kind === 'file') {
    throw new Failure(
      'model-single-file',
      `${path} is a single file, not a model folder`,
      'Save it as a folder with diffusers: StableDiffusionPipeline.from_single_file(file).save_pretrained(folder).',
    );
  }
  const index = await readJsonObject(join(path, 'model_index.json'));
  if (index === null) {
    throw new Failure(
      'model-index-missing',
      `${path} has no model_index.json`,
      'Choose the folder that holds model_index.json beside unet, vae and text_encoder.',
    );
  }
  const layout = layoutOf(path, index, layouts);
  const scheduler = await readJsonObject(join(path, 'scheduler', 'scheduler_config.json'));
  if (scheduler === null) throw missing(path, 'scheduler', 'scheduler_config.json');

  const components = new Map<string, ModelComponent>();
  const close = async (): Promise<void> => {
    for (const component of components.values()) await component.close();
  };
  try {
    for (const [name, componentKind] of layout.components) {
      const folder = join(path, name);
      if ((await kindOf(folder)) === 'folder')
        components.set(name, await openComponent(folder, name, componentKind));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    path,
    layout,
    index,
    components,
    scheduler,
    close,
    component(name) {
      const component = components.get(name);
      if (component === undefined) throw missing(path, name, 'config.json');
      return component;
    },
  };
}

function missing(path: string, name: string, file: string): Failure {
  return new Failure(
    'model-component-missing',
    `${path} has no ${name}: ${join(path, name, file)} is not there`,
    'Copy or download the whole model folder again.',
  );
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
