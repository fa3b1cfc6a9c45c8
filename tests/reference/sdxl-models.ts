/**
 * Writes the tiny Stable Diffusion XL that sdxl_pictures.py makes pictures with, and a LoRA for it:
 * `node tests/reference/sdxl-models.ts <folder>`. The test makes the same files again.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { makeFolder } from '../../native/files/atomic-file.ts';
import { writeKohyaLora } from '../../native/weights/lora-file.ts';
import { tinyXlLora, tinyXlLoraLayout, writeTinyXlModel } from '../training/tiny-xl-model.ts';

/** Files whose bytes decide the pictures. */
const decisive = [
  'xl/unet/diffusion_pytorch_model.safetensors',
  'xl/vae/diffusion_pytorch_model.safetensors',
  'xl/text_encoder/model.safetensors',
  'xl/text_encoder_2/model.safetensors',
  'xl/tokenizer_2/tokenizer_config.json',
  'lora/lora.safetensors',
] as const;

/** Writes `xl/` and `lora/lora.safetensors`; resolves to a SHA-256 over what decides the pictures. */
export async function writeXlModels(folder: string): Promise<string> {
  await writeTinyXlModel(join(folder, 'xl'));
  await makeFolder(join(folder, 'lora'));
  await writeKohyaLora(
    join(folder, 'lora', 'lora.safetensors'),
    tinyXlLora(),
    tinyXlLoraLayout,
    'float32',
    {},
  );
  const hash = createHash('sha256');
  for (const file of decisive) hash.update(await readFile(join(folder, file)));
  return hash.digest('hex');
}

if (process.argv[1] === import.meta.filename && process.argv[2] !== undefined) {
  console.log(await writeXlModels(resolve(process.argv[2])));
}
