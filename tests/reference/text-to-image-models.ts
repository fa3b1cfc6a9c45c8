/**
 * Writes the tiny models that text_to_image.py makes pictures with, and a LoRA for them:
 * `node tests/reference/text-to-image-models.ts <folder>`. The test makes the same files again.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { makeFolder } from '../../native/files/atomic-file.ts';
import { writeKohyaLora } from '../../native/weights/lora-file.ts';
import { tinyLora, tinyLoraLayout, writeTinyModel } from '../training/tiny-model.ts';

/** Files whose bytes decide the pictures. */
const decisive = [
  'epsilon/unet/diffusion_pytorch_model.safetensors',
  'epsilon/vae/diffusion_pytorch_model.safetensors',
  'epsilon/text_encoder/model.safetensors',
  'epsilon/tokenizer/merges.txt',
  'velocity/scheduler/scheduler_config.json',
  'lora/lora.safetensors',
] as const;

/** Writes `epsilon/`, `velocity/` and `lora/lora.safetensors`; resolves to a SHA-256 over what decides the pictures. */
export async function writeTextToImageModels(folder: string): Promise<string> {
  await writeTinyModel(join(folder, 'epsilon'));
  const scheduler = {
    prediction_type: 'v_prediction',
    rescale_betas_zero_snr: true,
    timestep_spacing: 'trailing',
  };
  await writeTinyModel(join(folder, 'velocity'), { scheduler });
  await makeFolder(join(folder, 'lora'));
  await writeKohyaLora(join(folder, 'lora', 'lora.safetensors'), tinyLora(), tinyLoraLayout, 'float32', {});
  const hash = createHash('sha256');
  for (const file of decisive) hash.update(await readFile(join(folder, file)));
  return hash.digest('hex');
}

if (process.argv[1] === import.meta.filename && process.argv[2] !== undefined) {
  console.log(await writeTextToImageModels(resolve(process.argv[2])));
}
