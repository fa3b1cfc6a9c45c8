/**
 * Writes tiny models of both families, with a LoRA for each under kohya's names and under PEFT's, for
 * tests/reference/peft_files.py to read with diffusers: `node tests/reference/peft-files.ts <folder>`.
 */
import { join } from 'node:path';

import { writeKohyaLora, writePeftLora } from '../../native/weights/lora-file.ts';
import { tinyLora, tinyLoraLayout, writeTinyModel } from '../training/tiny-model.ts';
import { tinyXlLora, tinyXlLoraLayout, writeTinyXlModel } from '../training/tiny-xl-model.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('Name the folder to write');
await writeTinyModel(join(folder, 'sd'));
await writeTinyXlModel(join(folder, 'sdxl'));
for (const [name, modules, layout] of [
  ['sd', tinyLora(), tinyLoraLayout],
  ['sdxl', tinyXlLora(), tinyXlLoraLayout],
] as const) {
  await writeKohyaLora(join(folder, `${name}-kohya.safetensors`), modules, layout, 'float32', {});
  await writePeftLora(join(folder, `${name}-peft.safetensors`), modules, 'float32', {});
}
