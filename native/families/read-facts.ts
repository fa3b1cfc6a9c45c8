import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { LRUCache } from 'lru-cache';

import type { ConfigFacts } from '../facts/config-facts.ts';
import type { AdapterModule } from '../facts/lora-shape.ts';
import type { LentPart } from '../facts/model-formats.ts';
import type { TextReading } from '../facts/text-reading.ts';
import type { ModelNote } from '../files/model-note.ts';
import { elementCount } from '../graph/data-type.ts';
import type { ModelConfigs } from '../weights/model-configs.ts';
import { familyOf } from './families.ts';
import type { Family } from './family.ts';
import { lackingParts } from './noted-base.ts';
import { openBase, readBaseConfigs, readNoted } from './open-base.ts';

/**
 * What the configs of a model say of it; its weights are not looked at.
 *
 * @throws Failure those of `readBaseConfigs`; `config-invalid`, `config-unsupported` and the like of single configs
 */
export async function readFacts(path: string): Promise<ConfigFacts> {
  const { family, configs } = await readFamily(path);
  return family.facts(configs);
}

/**
 * The modules of a model that training may adapt.
 *
 * @throws Failure as `readFacts`
 */
export async function readAdapterModules(path: string): Promise<readonly AdapterModule[]> {
  const { family, configs } = await readFamily(path);
  const key = JSON.stringify([
    family.name,
    [...configs.components].map(([name, { config }]) => [name, config]),
  ]);
  const known = adapted.get(key);
  if (known) return known;
  const found = family.adapterModules(configs);
  adapted.set(key, found);
  return found;
}

/** Counting builds the graphs, which takes a twentieth of a second for Stable Diffusion 1.x; plans are asked for at every touch. */
const adapted = new LRUCache<string, readonly AdapterModule[]>({ max: 16 });

/**
 * How many weights a model has, in all of its components; 0 where its files have none yet. The headers of its files are read.
 *
 * @throws Failure those of `openBase`
 */
export async function countWeights(path: string): Promise<number> {
  const model = await openBase(path);
  try {
    const counts = [...model.components.values()].map(({ weights }) =>
      (weights?.names ?? []).reduce((sum, name) => sum + elementCount(weights!.shape(name)), 0),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  } finally {
    await model.close();
  }
}

/**
 * How a model reads texts. Its tokenizer is kept, as long as its files stay as they are: plans and pages ask at every touch.
 *
 * @throws Failure as `readFacts`, and those of tokenizers
 */
export async function readTextReading(path: string): Promise<TextReading> {
  const state = await tokenizerState(path);
  const known = readings.get(path);
  if (known?.state === state) return known.reading;
  const reading = readFamily(path).then(({ family, configs }) => family.textReading(configs));
  readings.set(path, { state, reading });
  reading.catch(() => readings.delete(path));
  return reading;
}

/** A tokenizer of Stable Diffusion takes some twenty megabytes. */
const readings = new LRUCache<string, { readonly state: string; readonly reading: Promise<TextReading> }>({
  max: 3,
});

/** Changes whenever a file of a tokenizer does, or the index; of a model in one file, with that. */
async function tokenizerState(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const folders = names.filter((name) => name.startsWith('tokenizer')).sort();
  const inside = await Promise.all(
    folders.map(async (name) => {
      const files = await readdir(join(folder, name)).catch(() => []);
      return files.sort().map((file) => join(name, file));
    }),
  );
  const paths = ['', 'model_index.json', ...inside.flat()];
  const states = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(join(folder, path)).catch(() => null);
      return [path, found?.size, found?.mtimeMs];
    }),
  );
  return JSON.stringify(states);
}

/** For a person: what a model's files do not say by themselves was made out by this. Throws as `readBaseConfigs`. */
export async function readReasons(path: string): Promise<readonly string[]> {
  return (await readBaseConfigs(path)).madeOut?.reasons ?? [];
}

/** Whether nothing says what a model predicts. Throws as `readBaseConfigs`. */
export async function guessesPrediction(path: string): Promise<boolean> {
  return (await readBaseConfigs(path)).madeOut?.guessesPrediction ?? false;
}

/** What a model lacks that another may lend. */
export interface Lacking {
  /** What the model is: `Stable Diffusion 1.x`. */
  readonly label: string;
  /** What its components of these parts are called: `VAE`, `second text encoder`. */
  readonly names: readonly string[];
  readonly parts: readonly LentPart[];
}

/**
 * What a model lacks that another may lend; null where it is whole.
 *
 * @throws Failure those of `readBaseConfigs`
 */
export async function readLacking(path: string): Promise<Lacking | null> {
  const configs = await readBaseConfigs(path);
  const lacking = lackingParts(configs);
  if (lacking.size === 0) return null;
  const { layout, madeOut } = configs;
  return {
    label: madeOut?.label ?? layout.label,
    names: [...lacking.keys()].map((name) => layout.components.get(name)!.label),
    parts: [...new Set(lacking.values())],
  };
}

/**
 * Whether a model is whole with what its note says, and all of it fits together.
 *
 * @throws Failure those of `readBaseConfigs`, `lender-unfit`, `model-mismatch`
 */
export async function checkNote(note: ModelNote): Promise<void> {
  const configs = await readNoted(note);
  await familyOf(configs.layout).check(configs);
}

async function readFamily(
  path: string,
): Promise<{ readonly family: Family; readonly configs: ModelConfigs }> {
  const configs = await readBaseConfigs(path);
  return { family: familyOf(configs.layout), configs };
}
