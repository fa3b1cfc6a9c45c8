import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { LoraModule } from '../../native/weights/lora-file.ts';
import { writeKohyaLora, writePeftLora } from '../../native/weights/lora-file.ts';
import type { LoraLayout } from '../../native/weights/lora-names.ts';
import { readLora } from '../../native/weights/lora-reader.ts';
import { openSafetensors } from '../../native/weights/safetensors.ts';

const query = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q';
const output = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0';
const projection = 'down_blocks.0.attentions.0.proj_in';
const text = 'text_model.encoder.layers.0.self_attn.q_proj';
const layout: LoraLayout = [
  {
    component: 'unet',
    prefixes: ['lora_unet'],
    shapes: new Map([
      [query, [4, 3]],
      [output, [4, 3]],
      [projection, [4, 3, 1, 1]],
    ]),
  },
  { component: 'text_encoder', prefixes: ['lora_te', 'lora_te1'], shapes: new Map([[text, [4, 3]]]) },
];

function numbers(length: number, first: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => first + i / 16);
}

const linear = { rank: 2, alpha: 1, kernel: [], down: numbers(6, -1), up: numbers(8, 2) };
const modules: readonly LoraModule[] = [
  { component: 'unet', module: output, ...linear },
  { component: 'unet', module: projection, ...linear, kernel: [1, 1], alpha: 3 },
  { component: 'text_encoder', module: text, ...linear },
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'screenfold lora '));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('a LoRA written for other tools', () => {
  // The same form was loaded by diffusers' load_lora_weights: tests/reference/weights_folder.py.
  test('has kohya’s keys and shapes and no others', async () => {
    const path = join(folder, 'written.safetensors');
    await writeKohyaLora(path, modules, layout, 'float16', {});
    const file = await openSafetensors(path);
    const shapes = Object.fromEntries(
      [...file.tensors].map(([name, { dtype, shape }]) => [name, [dtype, ...shape]]),
    );
    await file.close();
    expect(shapes).toEqual({
      'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_out_0.lora_down.weight': [
        'F16',
        2,
        3,
      ],
      'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_out_0.lora_up.weight': [
        'F16',
        4,
        2,
      ],
      'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_out_0.alpha': ['F16'],
      'lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight': ['F16', 2, 3, 1, 1],
      'lora_unet_down_blocks_0_attentions_0_proj_in.lora_up.weight': ['F16', 4, 2, 1, 1],
      'lora_unet_down_blocks_0_attentions_0_proj_in.alpha': ['F16'],
      'lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight': ['F16', 2, 3],
      'lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_up.weight': ['F16', 4, 2],
      'lora_te_text_model_encoder_layers_0_self_attn_q_proj.alpha': ['F16'],
    });
  });

  test('comes back as it went', async () => {
    const path = join(folder, 'back.safetensors');
    await writeKohyaLora(path, modules, layout, 'float32', {});
    const read = await readLora(path, layout);
    expect([...read.modules].sort((a, b) => (a.module < b.module ? 1 : -1))).toEqual(
      [...modules].sort((a, b) => (a.module < b.module ? 1 : -1)),
    );
  });

  // The same form was loaded by diffusers' load_lora_weights: tests/reference/peft_files.py.
  test('has PEFT’s keys where those are wanted, and adds the same with the alpha inside', async () => {
    const path = join(folder, 'peft.safetensors');
    await writePeftLora(path, modules, 'float32', { ss_output_name: 'mine' });
    const file = await openSafetensors(path);
    const shapes = Object.fromEntries([...file.tensors].map(([name, { shape }]) => [name, shape]));
    await file.close();
    expect(shapes).toEqual({
      'unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0.lora_A.weight': [2, 3],
      'unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0.lora_B.weight': [4, 2],
      'unet.down_blocks.0.attentions.0.proj_in.lora_A.weight': [2, 3, 1, 1],
      'unet.down_blocks.0.attentions.0.proj_in.lora_B.weight': [4, 2, 1, 1],
      'text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight': [2, 3],
      'text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_B.weight': [4, 2],
    });
    const read = await readLora(path, layout);
    expect(read.metadata).toMatchObject({ format: 'pt', ss_output_name: 'mine', ss_network_alpha: '2' });
    const scaled = ({ alpha, rank, up }: LoraModule) => [...up].map((x) => (x * alpha) / rank);
    for (const own of modules) {
      const found = read.modules.find(({ module }) => module === own.module)!;
      expect([found.component, found.kernel, [...found.down]]).toEqual([
        own.component,
        own.kernel,
        [...own.down],
      ]);
      expect(scaled(found)).toEqual(scaled(own));
    }
  });

  test('says what it is, and the hash of what follows its header', async () => {
    const path = join(folder, 'my style.safetensors');
    await writeKohyaLora(path, modules, layout, 'float32', { ss_v2: 'True', ss_dataset_dirs: '{}' });
    const { metadata } = await readLora(path, layout);
    const bytes = await readFile(path);
    const data = bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
    expect(metadata).toEqual({
      'modelspec.architecture': 'stable-diffusion-v1/lora',
      'modelspec.sai_model_spec': '1.0.1',
      'modelspec.title': 'my style',
      ss_base_model_version: 'sd_v1',
      ss_dataset_dirs: '{}',
      ss_network_alpha: 'Dynamic',
      ss_network_args: '{}',
      ss_network_dim: '2',
      ss_network_module: 'networks.lora',
      ss_output_name: 'my style',
      ss_v2: 'True',
      sshs_model_hash: createHash('sha256').update(data).digest('hex'),
    });
  });
});
