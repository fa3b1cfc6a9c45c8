import { createHash } from 'node:crypto';

import type { OpenModel } from '../families/family.ts';
import type { Recipe } from './training-task.ts';

/**
 * Equal as long as a run can go on over this base: all configs, the noise schedule, and the weights it does not train
 * itself. An adapter resumed over other weights would be one of neither.
 */
export async function baseIdentity(
  { autoencoder, conditioning, denoiser, component, configFiles }: OpenModel,
  { parameters, encoders }: Pick<Recipe, 'parameters' | 'encoders'>,
): Promise<string> {
  const read = new Set(encoders);
  for (const parameter of parameters) if (!parameter.trained) read.add(parameter.component);
  const hashes: string[] = [];
  for (const name of [autoencoder.component, ...conditioning.encoders, denoiser.component])
    if (read.has(name)) hashes.push(await component(name).hash());
  return createHash('sha256')
    .update(JSON.stringify([configFiles, hashes]))
    .digest('hex');
}
