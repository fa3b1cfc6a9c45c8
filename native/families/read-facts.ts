import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { LRUCache } from 'lru-cache';

import type { ConfigFacts } from '../facts/config-facts.ts';
import type { TextReading } from '../facts/text-reading.ts';
import { type ModelConfigs, readModelConfigs } from '../weights/model-configs.ts';
import type { Family } from './family.ts';
import { familyOf, folderLayouts } from './open-model.ts';

/**
 * What the configs of a model folder say of it; its weights are not looked at.
 *
 * @throws Failure those of `readModelConfigs`; `config-invalid`, `config-unsupported` and the like of single configs
 */
export async function readFacts(folder: string): Promise<ConfigFacts> {
  const { family, configs } = await readFamily(folder);
  return family.facts(configs);
}

/**
 * Weights of a LoRA of rank 1 on a model, by the component they are on.
 *
 * @throws Failure as `readFacts`
 */
export async function readAdapterSizes(folder: string): Promise<AdapterSizes> {
  const { family, configs } = await readFamily(folder);
  const key = JSON.stringify([
    family.name,
    [...configs.components].map(([name, { config }]) => [name, config]),
  ]);
  const known = sizes.get(key);
  if (known) return known;
  const found = family.adapterSizes(configs);
  sizes.set(key, found);
  return found;
}

export type AdapterSizes = Readonly<Record<string, number>>;

/** Counting builds the graphs, which takes a twentieth of a second for Stable Diffusion 1.x; plans are asked for at every touch. */
const sizes = new LRUCache<string, AdapterSizes>({ max: 16 });

/**
 * How a model reads texts. Its tokenizer is kept, as long as its files stay as they are: plans and pages ask at every touch.
 *
 * @throws Failure as `readFacts`, and those of tokenizers
 */
export async function readTextReading(folder: string): Promise<TextReading> {
  const state = await tokenizerState(folder);
  const known = readings.get(folder);
  if (known?.state === state) return known.reading;
  const reading = readFamily(folder).then(({ family, configs }) => family.textReading(configs));
  readings.set(folder, { state, reading });
  reading.catch(() => readings.delete(folder));
  return reading;
}

/** A tokenizer of Stable Diffusion takes some twenty megabytes. */
const readings = new LRUCache<string, { readonly state: string; readonly reading: Promise<TextReading> }>({
  max: 3,
});

/** Changes whenever a file of a tokenizer does, or the index. */
async function tokenizerState(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const folders = names.filter((name) => name.startsWith('tokenizer')).sort();
  const inside = await Promise.all(
    folders.map(async (name) => {
      const files = await readdir(join(folder, name)).catch(() => []);
      return files.sort().map((file) => join(name, file));
    }),
  );
  const paths = ['model_index.json', ...inside.flat()];
  const states = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(join(folder, path)).catch(() => null);
      return [path, found?.size, found?.mtimeMs];
    }),
  );
  return JSON.stringify(states);
}

async function readFamily(
  folder: string,
): Promise<{ readonly family: Family; readonly configs: ModelConfigs }> {
  const configs = await readModelConfigs(folder, folderLayouts);
  return { family: familyOf(configs.layout), configs };
}
