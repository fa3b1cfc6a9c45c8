import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { type ConfigFacts, type TrainingSize, trainingSize } from '../../native/facts/config-facts.ts';
import type { TrainingMethod } from '../../native/facts/methods.ts';
import { isModelNote } from '../../native/facts/model-formats.ts';
import { Failure } from '../../native/failure.ts';
import { countWeights, readFacts } from '../../native/families/read-facts.ts';
import { readModelNote } from '../../native/files/model-note.ts';
import { obstacleOf, systemCode } from '../../native/files/obstacle.ts';
import { cardAdvice } from './card-advice.ts';
import type { BaseTraits } from './proposed-training.ts';

/** What a run plan wants to know of its base. */
export interface BaseModel extends TrainingSize {
  readonly folder: string;
  /** Pixels to one latent along a side. */
  readonly vaeFactor: number;
  /** A learning rate that suits base and method, under AdamW; left out where it is the method's usual one, or nobody asked. */
  readonly ownRate?: number;
}

export async function readBaseModel(folder: string, method: TrainingMethod['kind']): Promise<BaseModel> {
  return baseFor(folder, await readBaseFacts(folder), method);
}

const kinds =
  'Choose a .safetensors or .ckpt file of a whole model, or a diffusers folder: it has model_index.json, unet/ and vae/ in it.';

function unreachable(path: string, error: unknown): Failure {
  const obstacle = systemCode(error) === 'ENOENT' ? null : obstacleOf(error);
  return obstacle === null
    ? new Failure('base-missing', `There is no base model at ${path}.`, kinds, error)
    : new Failure('base-missing', `${path} cannot be read: ${obstacle.reason}.`, obstacle.hint, error);
}

/** The base as a method takes it. */
export function baseFor(folder: string, facts: ConfigFacts, method: TrainingMethod['kind']): BaseModel {
  return { folder, vaeFactor: facts.latentFactor, ...trainingSize(facts, { kind: method }) };
}

/**
 * Reads what the configs of a base say.
 * @throws Failure `base-missing`, `base-invalid`
 */
export async function readBaseFacts(folder: string): Promise<ConfigFacts> {
  await stat(folder).catch((error: unknown) => {
    throw unreachable(folder, error);
  });
  try {
    return await readFacts(folder);
  } catch (error) {
    if (error instanceof Failure) throw new Failure('base-invalid', error.message, error.hint, error);
    throw error;
  }
}

/** The card beside a base, of what a note is about beside that; null where there is none. */
export async function readCard(base: string): Promise<string | null> {
  const place = (isModelNote(base) ? await readModelNote(base) : null)?.model ?? base;
  return readFile(join(place, 'README.md'), 'utf8').catch(() => null);
}

/** What decides how a base is proposed to be trained. */
export async function readTraits(base: string, { resolution }: ConfigFacts): Promise<BaseTraits> {
  // One that cannot be opened whole is refused in better words when it is trained.
  const counted = await countWeights(base).catch((error: unknown) => {
    if (error instanceof Failure) return 0;
    throw error;
  });
  return {
    resolution,
    parameters: counted === 0 ? null : counted,
    advice: cardAdvice(await readCard(base)),
  };
}
