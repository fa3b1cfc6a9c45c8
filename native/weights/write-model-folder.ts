import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../failure.ts';
import { writeFileAtomic, writeFolderAtomic } from '../files/atomic-file.ts';
import type { JsonObject } from '../files/json-file.ts';
import type { WeightPrecision, WeightToWrite } from './model-folder.ts';
import { componentClasses, writeComponent } from './model-folder.ts';
import type { ComponentName } from './weight-names.ts';
import { componentNames } from './weight-names.ts';

export interface ComponentParts {
  readonly config: JsonObject;
  /** Null for a config alone. */
  readonly weights: Iterable<WeightToWrite> | null;
}

export interface ModelParts {
  readonly components: Readonly<Record<ComponentName, ComponentParts>>;
  /** The content of scheduler_config.json; its `_class_name` is the scheduler's. */
  readonly scheduler: JsonObject;
  /** A tokenizer folder to copy. */
  readonly tokenizerFolder: string;
  readonly precision: WeightPrecision;
}

/** The version whose readers these folders were tried with; diffusers compares it to know how old a config is. */
const diffusersVersion = '0.42.1';

const tokenizerFiles = [
  'vocab.json',
  'merges.txt',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'tokenizer.json',
];

async function copyTokenizer(from: string, to: string): Promise<void> {
  const present = new Set(await readdir(from).catch(() => []));
  const files = tokenizerFiles.filter((file) => present.has(file));
  if (!files.includes('tokenizer.json') && !(files.includes('vocab.json') && files.includes('merges.txt'))) {
    throw new Failure(
      'tokenizer-missing',
      `${from} has neither vocab.json and merges.txt nor tokenizer.json`,
      'Copy the whole tokenizer folder of the base model.',
    );
  }
  await mkdir(to);
  for (const file of files) await copyFile(join(from, file), join(to, file));
}

/**
 * Writes a complete folder that diffusers' `StableDiffusionPipeline.from_pretrained` reads, whole or not at all. No
 * safety checker is claimed or included.
 *
 * @throws Failure `output-exists`, `write-failed`, `tokenizer-missing`, `scheduler-invalid`
 */
export async function writeModelFolder(path: string, parts: ModelParts): Promise<void> {
  const scheduler = parts.scheduler._class_name;
  if (typeof scheduler !== 'string') {
    throw new Failure(
      'scheduler-invalid',
      'The scheduler_config.json of the base model does not say which scheduler it is for',
      'Copy the base model’s scheduler folder again.',
    );
  }
  const index = {
    _class_name: 'StableDiffusionPipeline',
    _diffusers_version: diffusersVersion,
    feature_extractor: [null, null],
    requires_safety_checker: false,
    safety_checker: [null, null],
    scheduler: ['diffusers', scheduler],
    text_encoder: componentClasses.text_encoder,
    tokenizer: ['transformers', 'CLIPTokenizer'],
    unet: componentClasses.unet,
    vae: componentClasses.vae,
  };
  await writeFolderAtomic(path, async (folder) => {
    const writeJson = (file: string, value: object): Promise<void> =>
      writeFileAtomic(join(folder, file), `${JSON.stringify(value, null, 2)}\n`);
    await writeJson('model_index.json', index);
    for (const name of componentNames) {
      const { config, weights } = parts.components[name];
      await writeComponent(join(folder, name), name, config, weights, parts.precision);
    }
    await mkdir(join(folder, 'scheduler'));
    await writeJson(join('scheduler', 'scheduler_config.json'), parts.scheduler);
    await copyTokenizer(parts.tokenizerFolder, join(folder, 'tokenizer'));
  });
}
