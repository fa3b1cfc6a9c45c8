import { describe, expect, test } from 'vitest';

import { loraText } from '../../native/facts/lora-facts.ts';
import { loraFactsOf } from '../../native/weights/lora-facts.ts';
import type { TensorInfo } from '../../native/weights/tensor-file.ts';

const factsOf = (
  shapes: Readonly<Record<string, readonly number[]>>,
  metadata: Readonly<Record<string, string>> = {},
) =>
  loraFactsOf({
    tensors: new Map(
      Object.entries(shapes).map(([name, shape]): [string, TensorInfo] => [name, { dtype: 'BF16', shape }]),
    ),
    metadata: new Map(Object.entries(metadata)),
  });

const reads = 'lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k';
const matrices = (name: string, rank: number, inputs: number, outputs: number) => ({
  [`${name}.lora_down.weight`]: [rank, inputs],
  [`${name}.lora_up.weight`]: [outputs, rank],
  [`${name}.alpha`]: [],
});

describe('a LoRA says', () => {
  test.each([
    [768, 'sd1', 'LoRA for Stable Diffusion 1.x, rank 4'],
    [1024, 'sd2', 'LoRA for Stable Diffusion 2.x, rank 4'],
    [2048, 'sdxl', 'LoRA for SDXL, rank 4'],
    [16, null, 'LoRA, rank 4'],
  ] as const)('by the width of the texts it reads, %i, what it is for', (width, base, text) => {
    const facts = factsOf(matrices(reads, 4, width, 320))!;
    expect([facts.base, loraText(facts)]).toEqual([base, text]);
  });

  test('its ranks, where it has several, and what it is on', () => {
    const facts = factsOf({
      ...matrices(reads, 8, 768, 320),
      ...matrices('lora_te_text_model_encoder_layers_0_mlp_fc1', 4, 768, 3072),
    })!;
    expect(loraText(facts)).toBe('LoRA for Stable Diffusion 1.x, ranks 4 to 8');
    expect(facts.modules).toEqual([
      { part: 'UNet', count: 1 },
      { part: 'text encoder', count: 1 },
    ]);
    expect([facts.parameters, facts.dtype]).toEqual([8 * 1088 + 4 * 3840 + 2, 'BF16']);
  });

  test('what its maker noted: title, base, and the words of its captions, the most frequent first', () => {
    const frequency = { '4_foxes': { 'a fox ': 12, snow: 3 }, '2_more': { snow: 20, '': 4, odd: 'x' } };
    const facts = factsOf(matrices(reads, 4, 768, 320), {
      ss_output_name: 'foxes',
      ss_sd_model_name: 'v1-5-pruned.safetensors',
      ss_tag_frequency: JSON.stringify(frequency),
    })!;
    expect(facts).toMatchObject({ title: 'foxes', trainedOn: 'v1-5-pruned.safetensors' });
    expect(facts.words).toEqual([
      { word: 'snow', images: 23 },
      { word: 'a fox', images: 12 },
    ]);
    const broken = factsOf(matrices(reads, 4, 768, 320), { ss_tag_frequency: '{', ss_output_name: 'None' })!;
    expect([broken.words, broken.title]).toEqual([[], null]);
  });

  test('by its maker’s word what it is for, where neither names nor shapes do', () => {
    const only = matrices('lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q', 4, 1280, 1280);
    expect(factsOf(only)!.base).toBeNull();
    const noted = factsOf(only, { ss_base_model_version: 'sdxl_base_v1-0' })!;
    expect([noted.base, noted.reasons]).toEqual(['sdxl', ['its maker noted SDXL']]);
  });

  test('nothing where it is none that can be used', () => {
    expect(factsOf({ 'lora_unet_x.hada_w1_a': [4, 4] })).toBeNull();
    expect(factsOf(matrices('lora_transformer_double_blocks_0_img_attn', 4, 64, 64))).toBeNull();
    expect(factsOf({ 'model.diffusion_model.out.2.weight': [4, 320, 3, 3] })).toBeNull();
  });
});
