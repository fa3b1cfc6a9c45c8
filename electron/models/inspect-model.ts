import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { isModelFile } from '../../native/facts/model-formats.ts';
import { bytesOnDisk } from '../../native/files/bytes-on-disk.ts';
import { exists } from '../../native/files/exists.ts';
import type { Model } from '../contract/models.ts';
import type { Engine } from '../engine/engine.ts';
import { readBaseFacts } from '../runs/base-model.ts';

/** What a model's folder says of it. */
export type ModelFacts = Pick<
  Model,
  'resolution' | 'pixelStep' | 'prediction' | 'components' | 'bytes' | 'card'
>;

/**
 * Reads what configs alone say, in milliseconds; components stay unknown.
 * @throws Failure `base-missing`, `base-invalid`
 */
export async function readModelConfigs(folder: string): Promise<ModelFacts> {
  const { resolution, pixelStep, prediction } = await readBaseFacts(folder);
  return {
    resolution,
    pixelStep,
    prediction,
    components: [],
    bytes: await bytesOnDisk(folder),
    card: await readFile(join(folder, 'README.md'), 'utf8').catch(() => null),
  };
}

/**
 * Has the engine open the model, which checks that it is whole and of a kind that can be trained.
 * @throws Failure those of `readModelConfigs`, and what the engine finds wrong with it
 */
export async function inspectModel(folder: string, engine: Engine): Promise<ModelFacts> {
  // First, because its failures say which kinds of models there are.
  const { model } = await engine.run({ kind: 'info', path: folder });
  const facts = await readModelConfigs(folder);
  return { ...facts, components: (model?.components ?? []).map((component) => ({ ...component })) };
}

/** A folder or a file is there and looks like a model. */
export async function isModel(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (found === null) return false;
  return found.isDirectory() ? exists(join(path, 'model_index.json')) : isModelFile(path);
}
