/** What a diffusers model folder says in JSON, its weights unread. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../failure.ts';
import type { JsonObject } from '../files/json-file.ts';
import { readJsonObject } from '../files/json-file.ts';
import { obstacleOf, systemCode } from '../files/obstacle.ts';
import { folderTokenizer, type TokenizerSource } from '../tokenizer/tokenizer-source.ts';
import type { FolderLayout } from './component-kind.ts';

export interface ComponentConfig {
  /** What messages call the config: its path, or the file that it was made out from. */
  readonly source: string;
  /** What config.json says. */
  readonly config: JsonObject;
}

export interface MadeOutModel {
  /** What it is: `Stable Diffusion 1.x`. */
  readonly label: string;
  /** What that was made out by, and what else was taken for it. */
  readonly reasons: readonly string[];
  /** Whether nothing says what it predicts, so that only trying would tell. */
  readonly guessesPrediction: boolean;
}

export interface ModelConfigs<Component extends ComponentConfig = ComponentConfig> {
  readonly path: string;
  readonly layout: FolderLayout;
  /** Its model_index.json. */
  readonly index: JsonObject;
  /** Those of the layout's components that the folder has. */
  readonly components: ReadonlyMap<string, Component>;
  /** What its files do not say by themselves, for a person; null where a folder says everything. */
  readonly madeOut: MadeOutModel | null;
  /** What scheduler_config.json says. */
  readonly scheduler: JsonObject;
  /** What messages call that. */
  readonly schedulerSource: string;
  /** By the names the layout gives their folders. */
  readonly tokenizer: (name: string) => TokenizerSource;
  /** @throws Failure `model-component-missing` */
  readonly component: (name: string) => Component;
}

function unsupported(path: string, what: string, layouts: readonly FolderLayout[]): Failure {
  return new Failure(
    'model-unsupported',
    `${path} is a ${what}, which cannot be used here`,
    `Choose a model of the ${layouts.map(({ label }) => label).join(', or ')} family.`,
  );
}

/** Null where there is nothing. Throws `model-missing` where it cannot be looked at. */
async function kindOf(path: string): Promise<'folder' | 'file' | null> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    const obstacle = systemCode(error) === 'ENOENT' ? null : obstacleOf(error);
    if (obstacle === null) return null;
    throw new Failure('model-missing', `${path} cannot be read: ${obstacle.reason}.`, obstacle.hint, error);
  }
}

/** @throws Failure `model-component-missing`, and those of reading JSON */
export async function readComponentConfig(folder: string): Promise<ComponentConfig> {
  const source = join(folder, 'config.json');
  const config = await readJsonObject(source);
  if (config !== null) return { source, config };
  throw new Failure(
    'model-component-missing',
    `${folder} has no config.json`,
    'Copy the whole model folder; every component needs its config.json.',
  );
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
 * Reads a model folder's index and configs.
 *
 * @throws Failure `model-missing`, `model-single-file`, `model-index-missing`, `model-unsupported`,
 * `model-component-missing`, and those of reading JSON
 */
export async function readModelConfigs(
  path: string,
  layouts: readonly FolderLayout[],
): Promise<ModelConfigs> {
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
      `${path} is not a model folder`,
      'Choose a diffusers folder, or a .safetensors or .ckpt file of a whole model.',
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
  const components = new Map<string, ComponentConfig>();
  for (const name of layout.components.keys()) {
    const folder = join(path, name);
    if ((await kindOf(folder)) === 'folder') components.set(name, await readComponentConfig(folder));
  }
  const schedulerSource = join(path, 'scheduler', 'scheduler_config.json');
  const own = await readJsonObject(schedulerSource);
  const usual = own === null ? layout.usualScheduler(components.get('unet')?.config ?? {}) : null;
  return {
    ...{ path, layout, index, components, schedulerSource },
    scheduler: own ?? usual!.config,
    madeOut:
      usual === null ? null : { label: layout.label, reasons: [usual.because], guessesPrediction: false },
    component: among(components, path),
    tokenizer: (name) => folderTokenizer(join(path, name)),
  };
}

/** Finds a component by its name, or throws `model-component-missing`. */
export function among<Component>(
  components: ReadonlyMap<string, Component>,
  path: string,
): (name: string) => Component {
  return (name) => {
    const component = components.get(name);
    if (component !== undefined) return component;
    throw new Failure(
      'model-component-missing',
      `${path} has no ${name}: ${join(path, name, 'config.json')} is not there`,
      'Copy or download the whole model folder again.',
    );
  };
}
