import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../failure.ts';
import { writeFileAtomic, writeFolderAtomic } from '../files/atomic-file.ts';
import type { JsonObject } from '../files/json-file.ts';
import type { TokenizerSource } from '../tokenizer/tokenizer-source.ts';
import type { FolderLayout } from './component-kind.ts';
import type { WeightPrecision, WeightToWrite } from './model-folder.ts';
import { writeComponent } from './model-folder.ts';

export interface ComponentParts {
  readonly config: JsonObject;
  /** Null for a config alone. */
  readonly weights: Iterable<WeightToWrite> | null;
}

export interface ModelParts {
  readonly layout: FolderLayout;
  /** All of the layout's, by name. */
  readonly components: Readonly<Record<string, ComponentParts>>;
  /** The content of scheduler_config.json; its `_class_name` is the scheduler's. */
  readonly scheduler: JsonObject;
  /** By the names the layout gives their folders. */
  readonly tokenizers: Readonly<Record<string, TokenizerSource>>;
  readonly precision: WeightPrecision;
}

/** The version whose readers these folders were tried with; diffusers compares it to know how old a config is. */
export const diffusersVersion = '0.42.1';

/** @throws Failure `scheduler-invalid` @param config content of scheduler_config.json */
export function schedulerClass({ _class_name: name }: JsonObject): string {
  if (typeof name === 'string') return name;
  throw new Failure(
    'scheduler-invalid',
    'The scheduler_config.json of the base model does not say which scheduler it is for',
    'Copy the base model’s scheduler folder again.',
  );
}

/**
 * Writes a complete folder that diffusers' `DiffusionPipeline.from_pretrained` reads, whole or not at all. No
 * safety checker is claimed or included.
 *
 * @throws Failure `output-exists`, `write-failed`, `tokenizer-missing`, `scheduler-invalid`
 */
export async function writeModelFolder(path: string, parts: ModelParts): Promise<void> {
  const scheduler = schedulerClass(parts.scheduler);
  const { layout } = parts;
  const index = {
    _class_name: layout.pipelines[0],
    _diffusers_version: diffusersVersion,
    ...layout.indexEntries,
    scheduler: ['diffusers', scheduler],
    ...Object.fromEntries(
      [...layout.components].map(([name, { library, className }]) => [name, [library, className]]),
    ),
    ...Object.fromEntries(layout.tokenizers.map((name) => [name, ['transformers', 'CLIPTokenizer']])),
  };
  const sorted = Object.fromEntries(Object.entries(index).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFolderAtomic(path, async (folder) => {
    const writeJson = (file: string, value: object): Promise<void> =>
      writeFileAtomic(join(folder, file), `${JSON.stringify(value, null, 2)}\n`);
    await writeJson('model_index.json', sorted);
    for (const [name, kind] of layout.components) {
      const { config, weights } = parts.components[name]!;
      await writeComponent(join(folder, name), kind, config, weights, parts.precision);
    }
    await mkdir(join(folder, 'scheduler'));
    await writeJson(join('scheduler', 'scheduler_config.json'), parts.scheduler);
    for (const name of layout.tokenizers) await parts.tokenizers[name]!.write(join(folder, name));
  });
}
