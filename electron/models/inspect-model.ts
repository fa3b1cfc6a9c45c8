import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { isModelFile, isModelNote } from '../../native/facts/model-formats.ts';
import { bytesOnDisk } from '../../native/files/bytes-on-disk.ts';
import { exists } from '../../native/files/exists.ts';
import { type ModelNote, readModelNote } from '../../native/files/model-note.ts';
import type { Model } from '../contract/models.ts';
import type { Engine } from '../engine/engine.ts';
import { readBaseFacts, readCard } from '../runs/base-model.ts';

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
  const place = (isModelNote(folder) ? await readModelNote(folder) : null)?.model ?? folder;
  return {
    resolution,
    pixelStep,
    prediction,
    components: [],
    bytes: await bytesOnDisk(place),
    card: await readCard(folder),
  };
}

/**
 * Has the engine open the model, which checks that it is whole and of a kind that can be trained.
 * @throws Failure those of `readModelConfigs`, and what the engine finds wrong with it
 */
export async function inspectModel(folder: string, engine: Engine): Promise<InspectedModel> {
  // First, because its failures say which kinds of models there are.
  const { model } = await engine.run({ kind: 'info', path: folder, probe: true });
  const facts = await readModelConfigs(folder);
  return {
    facts: { ...facts, components: (model?.components ?? []).map((component) => ({ ...component })) },
    probed: model?.probed ?? null,
  };
}

export interface InspectedModel {
  readonly facts: ModelFacts;
  /** What it was found to predict, where nothing says so. */
  readonly probed: ModelNote['prediction'];
}

/** A folder or a file is there and looks like a model, and so does all that its note tells of. */
export async function isModel(path: string): Promise<boolean> {
  return (await goneOf(path)) === null;
}

/** What is gone of a model, its own file or a lender's; null where all is there. */
export async function goneOf(path: string): Promise<string | null> {
  const note = isModelNote(path) ? await readModelNote(path).catch(() => null) : null;
  if (note === null) return (await looksLikeModel(path)) ? null : path;
  if (!(await looksLikeModel(note.model))) return note.model;
  for (const place of Object.values(note.parts)) if (!(await exists(place))) return place;
  return null;
}

async function looksLikeModel(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (found === null) return false;
  return found.isDirectory() ? exists(join(path, 'model_index.json')) : isModelFile(path);
}
