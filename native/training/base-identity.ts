import { createHash } from 'node:crypto';

import type { StableDiffusion } from '../families/stable-diffusion/open-model.ts';
import type { Method } from '../jobs.ts';

/** Components whose weights a method reads at every start; those of the others are in the run's state. */
function frozenComponents(method: Method): readonly ('unet' | 'vae' | 'text_encoder')[] {
  switch (method.kind) {
    case 'text':
      return [];
    case 'vae':
      return [];
    case 'decoder':
      return ['vae'];
    case 'scratch':
    case 'full':
      return (method.textEncoder ?? true) ? ['vae'] : ['vae', 'text_encoder'];
    case 'lora':
      return ['vae', 'text_encoder', 'unet'];
  }
}

/**
 * Equal as long as a run can go on over this base: all configs, the noise schedule, and the weights it does not train
 * itself. An adapter resumed over other weights would be one of neither.
 */
export async function baseIdentity(model: StableDiffusion, method: Method): Promise<string> {
  const { unet, vae, text_encoder: text, schedulerFile } = model;
  const configs = [unet.configFile, vae.configFile, text.configFile, schedulerFile];
  const hashes: string[] = [];
  for (const name of frozenComponents(method)) hashes.push(await model[name].hash());
  return createHash('sha256')
    .update(JSON.stringify([configs, hashes]))
    .digest('hex');
}
