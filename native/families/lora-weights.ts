import { join } from 'node:path';

import { loraName } from '../facts/run-folder.ts';
import { exists } from '../files/exists.ts';
import type { LoraUse, ModelReference } from '../jobs.ts';
import type { LoraLayout } from '../weights/lora-names.ts';
import { type OpenLora, openLora, type PlacedLora } from '../weights/lora-reader.ts';
import { hashFiles } from '../weights/weight-source.ts';
import { addLora } from './add-lora.ts';

/** What LoRAs make of a component's weights. */
export interface Adaptation {
  /** Lays them over a weight as it was read, by its key. */
  readonly apply: (weight: Float32Array<ArrayBuffer>, key: string, shape: readonly number[]) => Promise<void>;
  /** Whether any of them is on the weight of that key. */
  readonly touches: (key: string) => boolean;
  /** Stands for their files and strengths. */
  readonly hash: () => Promise<string>;
}

/** LoRAs laid over a model, by component. */
export interface Adaptations {
  readonly get: (component: string) => Adaptation | undefined;
  readonly close: () => Promise<void>;
}

interface Laid {
  readonly lora: OpenLora;
  readonly strength: number;
}

/** The LoRA of a checkpoint, then those that are laid over it, in their order. */
async function usesOf({
  checkpoint,
  loraScale = 1,
  loras = [],
}: ModelReference): Promise<readonly LoraUse[]> {
  const file = checkpoint === undefined ? '' : join(checkpoint, loraName);
  const own = file !== '' && (await exists(file)) ? [{ file, strength: loraScale }] : [];
  return [...own, ...loras];
}

/**
 * Opens the LoRAs of a model; their numbers are read when a weight is.
 *
 * @throws Failure those of `openLora`
 */
export async function openLoras(reference: ModelReference, layout: () => LoraLayout): Promise<Adaptations> {
  const opened: Laid[] = [];
  const close = async (): Promise<void> => {
    for (const { lora } of opened.splice(0)) await lora.close();
  };
  try {
    for (const { file, strength } of await usesOf(reference))
      opened.push({ lora: await openLora(file, layout()), strength });
  } catch (error) {
    await close();
    throw error;
  }
  const known = new Map<string, Adaptation>();
  for (const component of new Set(opened.flatMap(({ lora }) => lora.modules.map((own) => own.component))))
    known.set(component, adaptationOf(component, opened.slice()));
  return { get: (component) => known.get(component), close };
}

function adaptationOf(component: string, laid: readonly Laid[]): Adaptation {
  const own = laid.map(({ lora, strength }) => {
    const modules = lora.modules.filter((module) => module.component === component);
    return { path: lora.path, strength, modules: new Map(modules.map((module) => [module.module, module])) };
  });
  const isTouched = (key: string): boolean =>
    own.some(({ modules }) => key.endsWith('.weight') && modules.has(key.slice(0, -'.weight'.length)));
  const touching = own.filter(({ modules }) => modules.size > 0);
  return {
    touches: isTouched,
    apply: async (weight, key, shape) => {
      if (!key.endsWith('.weight')) return;
      const found = touching.flatMap(({ strength, modules }) => {
        const module = modules.get(key.slice(0, -'.weight'.length));
        // A strength of nothing is the model as it is, for a DoRA too.
        return module === undefined || strength === 0 ? [] : [{ module, strength }];
      });
      await applyAll(weight, shape, found);
    },
    hash: async () => {
      const hashes = touching.map(async ({ path, strength }) => `${await hashFiles([path])}x${strength}`);
      return (await Promise.all(hashes)).join('+');
    },
  };
}

async function applyAll(
  weight: Float32Array<ArrayBuffer>,
  shape: readonly number[],
  found: readonly { readonly module: PlacedLora; readonly strength: number }[],
): Promise<void> {
  // A DoRA measures the weight as it was before any of them.
  const changes = found.length > 1 && found.some(({ module }) => module.magnitudeAxis !== null);
  const original = changes ? weight.slice() : weight;
  for (const { module, strength } of found)
    addLora(weight, { original, shape }, { ...module, ...(await module.read()), strength });
}
