import { LRUCache } from 'lru-cache';

import type { ConfigFacts } from '../facts/config-facts.ts';
import type { ModelConfigs } from '../weights/model-configs.ts';
import { familyOf } from './families.ts';
import type { Family } from './family.ts';
import { readBaseConfigs } from './open-base.ts';

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
 * Weights of a LoRA of rank 1 on a model, by the component they are on.
 *
 * @throws Failure as `readFacts`
 */
export async function readAdapterSizes(path: string): Promise<AdapterSizes> {
  const { family, configs } = await readFamily(path);
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

async function readFamily(
  path: string,
): Promise<{ readonly family: Family; readonly configs: ModelConfigs }> {
  const configs = await readBaseConfigs(path);
  return { family: familyOf(configs.layout), configs };
}
