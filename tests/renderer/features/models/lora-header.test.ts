import { expect, test } from 'vitest';

import { modelFileKind } from '../../../../renderer/features/models/lora-header.ts';

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
  expect(await modelFileKind(fileOf(header))).toBe('lora');
});

test('one with the original code’s names is a model', async () => {
  expect(await modelFileKind(fileOf('{"model.diffusion_model.out.2.weight":{}}'))).toBe('model');
});

test('an archive of PyTorch’s is told by the names in it', async () => {
  const archive = (name: string) =>
    new Blob(['PK\x03\x04', new Uint8Array(26), `archive/data.pkl\x80\x02}X${name}`]);
  expect(await modelFileKind(archive('unet.mid_block.to_q.lora_A.weight'))).toBe('lora');
  expect(await modelFileKind(archive('lora_te_x.lora_up.weight'))).toBe('lora');
  expect(await modelFileKind(archive('model.diffusion_model.out.2.weight'))).toBe('model');
  expect(await modelFileKind(archive('down_blocks.0.bias'))).toBeNull();
});

test('what has other names, no header, or one that cannot be, is neither', async () => {
  expect(await modelFileKind(fileOf('{"first_stage_model.quant_conv.bias":{}}'))).toBeNull();
  expect(await modelFileKind(new Blob(['PK']))).toBeNull();
  expect(await modelFileKind(fileOf('{"x.lora_A.weight":{}}', 2 ** 40))).toBeNull();
});
