import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { LoraLayout } from '../../native/weights/lora-names.ts';
import type { LoraFile } from '../../native/weights/lora-reader.ts';
import { openLora, readLora } from '../../native/weights/lora-reader.ts';
import { writeSafetensors } from '../../native/weights/safetensors.ts';

const query = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q';
const output = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0';
const projection = 'down_blocks.0.attentions.0.proj_in';
const convolution = 'down_blocks.0.resnets.0.conv1';
const text = 'text_model.encoder.layers.0.self_attn.q_proj';
const layout: LoraLayout = [
  {
    component: 'unet',
    prefixes: ['lora_unet'],
    shapes: new Map([
      [query, [4, 3]],
      [output, [4, 3]],
      [projection, [4, 3, 1, 1]],
      [convolution, [4, 3, 3, 3]],
    ]),
  },
  { component: 'text_encoder', prefixes: ['lora_te', 'lora_te1'], shapes: new Map([[text, [4, 3]]]) },
];

function numbers(length: number, first: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => first + i / 16);
}

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

  test('takes its alpha from the config beside a file that PEFT saved itself', async () => {
    const own = await mkdtemp(join(folder, 'peft '));
    const key = `base_model.model.${output}`;
    const tensors = [
      { name: `${key}.lora_A.weight`, dtype: 'F32', shape: [2, 3], data: numbers(6, -1) },
      { name: `${key}.lora_B.weight`, dtype: 'F32', shape: [4, 2], data: numbers(8, -1) },
    ] as const;
    await writeSafetensors(join(own, 'adapter_model.safetensors'), tensors);
    await writeFile(join(own, 'adapter_config.json'), JSON.stringify({ lora_alpha: 12, r: 2 }));
    expect((await readLora(join(own, 'adapter_model.safetensors'), layout)).modules[0]!.alpha).toBe(12);
  });

  const convolutionKey = 'lora_unet_down_blocks_0_resnets_0_conv1';

  test('says what form it has', async () => {
    const forms = async (shapes: Readonly<Record<string, readonly number[]>>): Promise<unknown> => {
      const { modules, close } = await openLora(await fileWith(shapes), layout);
      await close();
      return modules.map(({ kernel, tucker, magnitudeAxis }) => [kernel, tucker, magnitudeAxis]);
    };
    const matrices = { [`unet.${output}.lora_A.weight`]: [2, 3], [`unet.${output}.lora_B.weight`]: [4, 2] };
    expect(await forms(matrices)).toEqual([[[], false, null]]);
    // PEFT's, kohya's along rows, and LyCORIS' along columns.
    for (const [key, shape, axis] of [
      [`unet.${output}.lora_magnitude_vector`, [4], 0],
      [`unet.${output}.lora_magnitude_vector.default.weight`, [4], 0],
      [`unet.${output}.dora_scale`, [4, 1], 0],
      [`unet.${output}.dora_scale`, [1, 3], 1],
    ] as const)
      expect(await forms({ ...matrices, [key]: shape })).toEqual([[[], false, axis]]);
    const tucker = {
      [`${convolutionKey}.lora_down.weight`]: [2, 3, 1, 1],
      [`${convolutionKey}.lora_mid.weight`]: [2, 2, 3, 3],
      [`${convolutionKey}.lora_up.weight`]: [4, 2, 1, 1],
    };
    expect(await forms(tucker)).toEqual([[[3, 3], true, null]]);
  });

  test.each([
    ['a LoHa or LoKr', 'lora_unet_x.hada_w1_a'],
    ['a LoHa or LoKr', 'lora_unet_x.lokr_w1'],
    ['an OFT', 'lora_unet_x.oft_blocks'],
    ['an IA3', 'lora_unet_x.on_input'],
    ['a GLoRA', 'lora_unet_x.a1.weight'],
    ['whole weights', 'lora_unet_x.diff'],
    ['norms', 'lora_unet_x.w_norm'],
    ['an embedding', 'emb_params'],
    ['an embedding', '<my-cat>'],
    ['a LoRA with biases', `unet.${output}.lora_B.bias`],
  ])('that is %s is refused by name: %s', async (what, key) => {
    const shapes = { [`unet.${output}.lora_A.weight`]: [2, 3], [`unet.${output}.lora_B.weight`]: [4, 2] };
    await expect(openLora(await fileWith({ ...shapes, [key]: [4] }), layout)).rejects.toMatchObject({
      code: 'lora-unsupported',
      message: expect.stringMatching(
        new RegExp(`${what}.*as its ${key.replaceAll('.', '\\.')} says`),
      ) as string,
    });
  });

  test.each(['F32', 'F16', 'BF16'] as const)('is read in %s', async (dtype) => {
    const path = join(folder, `${dtype}.safetensors`);
    await writeSafetensors(path, [
      { name: `unet.${output}.lora_A.weight`, dtype, shape: [2, 3], data: numbers(6, -1) },
      { name: `unet.${output}.lora_B.weight`, dtype, shape: [4, 2], data: numbers(8, -1) },
    ]);
    expect((await readLora(path, layout)).modules[0]).toMatchObject({
      down: numbers(6, -1),
      up: numbers(8, -1),
    });
  });

  test('is read out of a checkpoint of PyTorch', async () => {
    const module = 'mid_block.attentions.0.proj_in';
    const own: LoraLayout = [
      { component: 'unet', prefixes: ['lora_unet'], shapes: new Map([[module, [16, 16, 1, 1]]]) },
    ];
    const path = fileURLToPath(new URL('../reference/fixtures/lora.pt', import.meta.url));
    const { modules } = await readLora(path, own);
    expect(modules).toEqual([
      {
        ...{ component: 'unet', module, rank: 2, alpha: 2, kernel: [1, 1] },
        down: Float32Array.from({ length: 32 }, (_, i) => i / 16),
        up: Float32Array.from({ length: 32 }, (_, i) => 1 - i / 16),
      },
    ]);
  });

  test('that only lies over a model is not read to be written anew', async () => {
    const shapes = { [`unet.${output}.lora_A.weight`]: [2, 3], [`unet.${output}.lora_B.weight`]: [4, 2] };
    const path = await fileWith({ ...shapes, [`unet.${output}.dora_scale`]: [1, 3] });
    await expect(readLora(path, layout)).rejects.toMatchObject({ code: 'lora-form' });
  });

  test('has its lengths read where there is one for each output', async () => {
    const shapes = { [`unet.${output}.lora_A.weight`]: [2, 3], [`unet.${output}.lora_B.weight`]: [4, 2] };
    const path = await fileWith({ ...shapes, [`unet.${output}.lora_magnitude_vector`]: [4] });
    expect((await readLora(path, layout)).modules[0]!.magnitude).toHaveLength(4);
  });

  test('keeps the kernel of a convolution', async () => {
    const path = await fileWith({
      [`${convolutionKey}.lora_down.weight`]: [2, 3, 3, 3],
      [`${convolutionKey}.lora_up.weight`]: [4, 2, 1, 1],
    });
    expect((await readLora(path, layout)).modules[0]).toMatchObject({ kernel: [3, 3], rank: 2, alpha: 2 });
  });

  const down = `unet.${output}.lora_A.weight`;
  const up = `unet.${output}.lora_B.weight`;
  test.each<[string, Readonly<Record<string, readonly number[]>>, RegExp]>([
    [
      'has lengths for no module',
      { [down]: [2, 3], [up]: [4, 2], [`lora_unet_x.dora_scale`]: [4] },
      /lora_unet_x\.dora_scale, which this model does not have/,
    ],
    [
      'has lengths that do not fit',
      { [down]: [2, 3], [up]: [4, 2], [`unet.${output}.lora_magnitude_vector`]: [5] },
      /the lengths \(DoRA\) of .* do not fit its matrices/,
    ],
    [
      'is for weights of other shapes',
      { [down]: [2, 3], [up]: [5, 2] },
      /is for a weight of the shape \[5, 3\], the model’s is \[4, 3\]/,
    ],
    [
      'has a core that does not fit',
      {
        [`lora_unet_down_blocks_0_resnets_0_conv1.lora_down.weight`]: [2, 3, 1, 1],
        [`lora_unet_down_blocks_0_resnets_0_conv1.lora_mid.weight`]: [2, 3, 3, 3],
        [`lora_unet_down_blocks_0_resnets_0_conv1.lora_up.weight`]: [4, 2, 1, 1],
      },
      /do not fit each other/,
    ],
    [
      'is of another model',
      { [down]: [2, 3], [up]: [4, 2], 'lora_te2_x.lora_up.weight': [4, 2] },
      /lora_te2_x\.lora_up\.weight, which this model does not have/,
    ],
    ['has names of nobody’s', { a: [1], b: [1], c: [1], d: [4, 2] }, /a, b, c and 1 more/],
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
