import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { type ConfigFacts, type TrainingSize, trainingSize } from '../../native/facts/config-facts.ts';
import type { TrainingMethod } from '../../native/facts/methods.ts';
import { Failure } from '../../native/failure.ts';
import { readFacts } from '../../native/families/read-facts.ts';
import { obstacleOf, systemCode } from '../../native/files/obstacle.ts';
import { cardAdvice } from './card-advice.ts';

/** What a run plan wants to know of its base. */
export interface BaseModel extends TrainingSize {
  readonly folder: string;
  /** Pixels to one latent along a side. */
  readonly vaeFactor: number;
  /** The learning rate that its card names for the method, under AdamW; left out where it names none, or nobody asked. */
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

/** The rate that the card beside a base names for a method. */
export async function readOwnRate(
  folder: string,
  method: TrainingMethod['kind'],
): Promise<Pick<BaseModel, 'ownRate'>> {
  const { learningRate } = cardAdvice(await readFile(join(folder, 'README.md'), 'utf8').catch(() => null));
  const ownRate = method === 'full' || method === 'lora' ? learningRate[method] : undefined;
  return ownRate === undefined ? {} : { ownRate };
}
