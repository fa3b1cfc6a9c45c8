import { expect, test } from 'vitest';

import { isLoraFile } from '../../../../renderer/features/models/lora-header.ts';

/** A safetensors file of this header; no numbers follow, or as many bytes as are said. */
function fileOf(header: string, length = header.length, rest = 8): Blob {
  const prefix = new DataView(new ArrayBuffer(8));
  prefix.setBigUint64(0, BigInt(length), true);
  return new Blob([prefix.buffer, header, new Uint8Array(rest)]);
}

test.each([
  '{"lora_unet_x.lora_down.weight":{"dtype":"F16"}}',
  '{"unet.x.lora_A.weight":{}}',
  '{"x.attn1.processor.to_q_lora.down.weight":{}}',
])('a file with these names is a LoRA: %s', async (header) => {
  expect(await isLoraFile(fileOf(header))).toBe(true);
});

test('what has other names, no header, or one that cannot be, is none', async () => {
  expect(await isLoraFile(fileOf('{"model.diffusion_model.out.2.weight":{}}'))).toBe(false);
  expect(await isLoraFile(new Blob(['PK']))).toBe(false);
  expect(await isLoraFile(fileOf('{"x.lora_A.weight":{}}', 2 ** 40))).toBe(false);
});
