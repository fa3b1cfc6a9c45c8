import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { Failure } from '../../native/failure.ts';
import type { Method } from '../../native/jobs.ts';

/** What a run plan wants to know of its base. */
export interface BaseModel {
  readonly folder: string;
  /** Side in pixels of the square pictures it was made for. */
  readonly resolution: number;
  /** Pixels to one latent along a side, and the sides' smallest step: `vaeFactor` times what the UNet halves. */
  readonly vaeFactor: number;
  readonly pixelStep: number;
}

const unetConfig = z.looseObject({
  sample_size: z.int().min(1).default(64),
  block_out_channels: z.array(z.number()).min(1),
});
const vaeConfig = z.looseObject({
  sample_size: z.int().min(1).default(512),
  block_out_channels: z.array(z.number()).min(1),
});

/**
 * Reads what the configs of a diffusers model folder say about size. The VAE alone is looked at for the method
 * that trains it. Throws `base-missing` or `base-invalid`.
 */
export async function readBaseModel(folder: string, method: Method['kind']): Promise<BaseModel> {
  const found = await stat(folder).catch(() => null);
  if (found?.isDirectory() !== true) {
    throw new Failure(
      'base-missing',
      found === null ? `There is no base model at ${folder}.` : `The base model ${folder} is no folder.`,
      'Name the folder of a model in diffusers layout: the one with model_index.json, unet/ and vae/ in it.',
    );
  }
  const vae = await readConfig(join(folder, 'vae', 'config.json'), vaeConfig);
  const vaeFactor = 2 ** (vae.block_out_channels.length - 1);
  if (method === 'vae') return { folder, resolution: vae.sample_size, vaeFactor, pixelStep: vaeFactor };

  const unet = await readConfig(join(folder, 'unet', 'config.json'), unetConfig);
  const pixelStep = vaeFactor * 2 ** (unet.block_out_channels.length - 1);
  return { folder, resolution: unet.sample_size * vaeFactor, vaeFactor, pixelStep };
}

async function readConfig<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Failure(
      'base-invalid',
      `${file} cannot be read, so its folder is no complete model.`,
      'Name the folder of a model in diffusers layout: the one with model_index.json, unet/ and vae/ in it.',
      error,
    );
  });
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new Failure(
      'base-invalid',
      `${file} is not the configuration of a model: ${error instanceof z.ZodError ? z.prettifyError(error) : String(error)}`,
      'Download the model again, or use another.',
      error,
    );
  }
}
