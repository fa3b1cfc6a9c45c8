import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { LoraFile, LoraModule } from '../../native/weights/lora-file.ts';
import { readLora, writeKohyaLora } from '../../native/weights/lora-file.ts';
import type { LoraLayout } from '../../native/weights/lora-names.ts';
import { openSafetensors, writeSafetensors } from '../../native/weights/safetensors.ts';

const query = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q';
const output = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0';
const projection = 'down_blocks.0.attentions.0.proj_in';
const text = 'text_model.encoder.layers.0.self_attn.q_proj';
const layout: LoraLayout = [
  { component: 'unet', prefixes: ['lora_unet'], paths: [query, output, projection] },
  { component: 'text_encoder', prefixes: ['lora_te', 'lora_te1'], paths: [text] },
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

let files = 0;
/** A file whose tensors, of the shapes given, all hold -1, -0.9375, -0.875, … */
async function fileWith(
  shapes: Readonly<Record<string, readonly number[]>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<string> {
  const path = join(folder, `${(files++).toString()}.safetensors`);
  const tensors = Object.entries(shapes).map(([name, shape]) => {
    const length = shape.reduce((product, extent) => product * extent, 1);
    return { name, dtype: 'F32', shape, data: numbers(length, -1) } as const;
  });
  await writeSafetensors(path, tensors, metadata);
  return path;
}

function summary({ modules: read }: LoraFile): unknown {
  return read.map(({ component, module, rank, alpha, kernel }) => ({
    component,
    module,
    rank,
    alpha,
    kernel,
  }));
}

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

describe('a LoRA of another program', () => {
  const expected = (component: string, module: string): object => ({
    component,
    module,
    rank: 2,
    alpha: 2,
    kernel: [],
  });

  test.each([
    [
      'kohya',
      'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_out_0.lora_down.weight',
      'lora_te1_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight',
    ],
    ['diffusers', `unet.${output}.lora.down.weight`, `text_encoder.${text}.lora_linear_layer.down.weight`],
    [
      'diffusers before 0.22',
      `unet.${output.replace('.to_out.0', '.processor.to_out_lora')}.down.weight`,
      `text_encoder.${text}.lora.down.weight`,
    ],
    [
      'diffusers before 0.15',
      `${output.replace('.to_out.0', '.processor.to_out_lora')}.down.weight`,
      `text_encoder.${text}.lora.down.weight`,
    ],
    ['PEFT', `unet.${output}.lora_A.weight`, `text_encoder.${text.replace('text_model.', '')}.lora_A.weight`],
    [
      'PEFT, wrapped',
      `base_model.model.unet.${output}.lora_A.default.weight`,
      `base_model.model.text_encoder.${text}.lora_A.default.weight`,
    ],
  ])('(%s) is read, a missing alpha being the rank', async (_, unetKey, textKey) => {
    const up = (key: string): string => key.replace(/down\.weight$/, 'up.weight').replace('lora_A', 'lora_B');
    const path = await fileWith({
      [unetKey]: [2, 3],
      [up(unetKey)]: [4, 2],
      [textKey]: [2, 3],
      [up(textKey)]: [4, 2],
    });
    expect(summary(await readLora(path, layout))).toEqual(
      expect.arrayContaining([expected('unet', output), expected('text_encoder', text)]),
    );
  });

  test('takes its alpha from what PEFT noted', async () => {
    const shapes = { [`unet.${output}.lora_A.weight`]: [2, 3], [`unet.${output}.lora_B.weight`]: [4, 2] };
    const alpha = async (notes: object): Promise<number> => {
      const path = await fileWith(shapes, { lora_adapter_metadata: JSON.stringify(notes) });
      return (await readLora(path, layout)).modules[0]!.alpha;
    };
    expect(await alpha({ 'unet.lora_alpha': 8 })).toBe(8);
    expect(await alpha({ 'text_encoder.lora_alpha': 8 })).toBe(2);
    expect(await alpha({ 'unet.lora_alpha': 8, 'unet.use_rslora': true })).toBeCloseTo(8 * Math.SQRT2, 12);
    expect(await alpha({ 'unet.lora_alpha': 8, 'unet.alpha_pattern': { 'attn1.to_out.0': 4 } })).toBe(4);
    await expect(alpha({ 'unet.use_dora': true })).rejects.toMatchObject({ code: 'lora-invalid' });
    const broken = await fileWith(shapes, { lora_adapter_metadata: '{' });
    await expect(readLora(broken, layout)).rejects.toMatchObject({ code: 'lora-invalid' });
  });

  test('keeps the kernel of a convolution', async () => {
    const name = 'lora_unet_down_blocks_0_attentions_0_proj_in';
    const path = await fileWith({
      [`${name}.lora_down.weight`]: [2, 3, 3, 3],
      [`${name}.lora_up.weight`]: [4, 2, 1, 1],
    });
    expect((await readLora(path, layout)).modules[0]).toMatchObject({ kernel: [3, 3], rank: 2, alpha: 2 });
  });

  const down = `unet.${output}.lora_A.weight`;
  const up = `unet.${output}.lora_B.weight`;
  test.each<[string, Readonly<Record<string, readonly number[]>>, RegExp]>([
    [
      'is a DoRA of kohya’s',
      { [down]: [2, 3], [up]: [4, 2], [`lora_unet_x.dora_scale`]: [4] },
      /lora_unet_x\.dora_scale makes it a DoRA/,
    ],
    [
      'is a DoRA of PEFT’s',
      { [down]: [2, 3], [up]: [4, 2], [`unet.${output}.lora_magnitude_vector`]: [4] },
      /DoRA/,
    ],
    [
      'is of another model',
      { [down]: [2, 3], [up]: [4, 2], 'lora_te2_x.lora_up.weight': [4, 2] },
      /lora_te2_x\.lora_up\.weight, which this model does not have/,
    ],
    ['is a LoHa', { a: [1], b: [1], c: [1], 'lora_unet_x.hada_w1_a': [4, 2] }, /a, b, c and 1 more/],
    ['lacks a matrix', { [down]: [2, 3] }, /has no up matrix/],
    ['has matrices that do not fit', { [down]: [2, 3], [up]: [4, 3] }, /do not fit/],
    ['has a matrix that is a vector', { [down]: [2], [up]: [4, 2] }, /do not fit/],
    ['has rank 0', { [down]: [0, 3], [up]: [4, 0] }, /do not fit/],
    [
      'has an alpha that is a vector',
      { [down]: [2, 3], [up]: [4, 2], [`unet.${output}.alpha`]: [2] },
      /alpha of .* is no number/,
    ],
    [
      'says the same twice',
      { [down]: [2, 3], [up]: [4, 2], [`unet.${output}.lora.down.weight`]: [2, 3] },
      /are the same/,
    ],
    ['is empty', {}, /it is empty/],
  ])('that %s is refused by name', async (_, shapes, message) => {
    await expect(readLora(await fileWith(shapes), layout)).rejects.toMatchObject({
      name: 'Failure',
      code: 'lora-invalid',
      message: expect.stringMatching(message) as string,
    });
  });
});
