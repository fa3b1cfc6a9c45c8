import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { folderLayouts } from '../../native/families/families.ts';
import { stableDiffusionLayout } from '../../native/families/stable-diffusion/layout.ts';
import { folderTokenizer } from '../../native/tokenizer/tokenizer-source.ts';
import { trainBpe, writeClipTokenizer } from '../../native/tokenizer/train-bpe.ts';
import type { ModelFolder, WeightToWrite } from '../../native/weights/model-folder.ts';
import { openComponent, openModelFolder, weightsOf } from '../../native/weights/model-folder.ts';
import type { SafetensorsDtype } from '../../native/weights/safetensors.ts';
import { openSafetensors, writeSafetensors } from '../../native/weights/safetensors.ts';
import type { ModelParts } from '../../native/weights/write-model-folder.ts';
import { writeModelFolder } from '../../native/weights/write-model-folder.ts';

type ComponentName = 'unet' | 'vae' | 'text_encoder';

// Written by torch 2.15.0, by tests/reference/torch_files.py.
const torchFixtures = fileURLToPath(new URL('../reference/fixtures/torch', import.meta.url));

let root: string;
/** A whole, small model folder, copied before anything is done to it. */
let whole: string;
let tokenizerFolder: string;

function weight(name: string, shape: readonly number[], first = 0): WeightToWrite {
  const length = shape.reduce((product, extent) => product * extent, 1);
  return { name, shape, data: Float32Array.from({ length }, (_, i) => first + i / 8) };
}

const weights: Readonly<Record<ComponentName, readonly WeightToWrite[]>> = {
  unet: [weight('conv_in.weight', [4, 3, 3, 3]), weight('conv_in.bias', [4], 1 / 3)],
  vae: [weight('decoder.mid_block.attentions.0.to_q.weight', [2, 2])],
  text_encoder: [weight('text_model.embeddings.token_embedding.weight', [5, 2])],
};

function parts(): ModelParts {
  const component = (name: ComponentName, config: object) => ({
    config: { ...config },
    weights: weights[name],
  });
  return {
    layout: stableDiffusionLayout,
    components: {
      unet: component('unet', { _class_name: 'UNet2DConditionModel', in_channels: 4 }),
      vae: component('vae', { _class_name: 'AutoencoderKL' }),
      text_encoder: component('text_encoder', {
        architectures: ['CLIPTextModel'],
        attention_dropout: 0,
        initializer_factor: 1,
        layer_norm_eps: 1e-5,
        torch_dtype: 'float16',
      }),
    },
    scheduler: { _class_name: 'PNDMScheduler', prediction_type: 'epsilon' },
    tokenizers: { tokenizer: folderTokenizer(tokenizerFolder) },
    precision: 'float32',
  };
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'screenfold model 日本 ü '));
  whole = join(root, 'whole');
  tokenizerFolder = join(root, 'source of tokenizer');
  await writeClipTokenizer(tokenizerFolder, trainBpe(['a cat'], 516), 77);
  await writeFile(join(tokenizerFolder, 'notes.txt'), 'not of the tokenizer');
  await writeModelFolder(whole, parts());
});
afterAll(async () => {
  await rm(root, { recursive: true });
});

let copies = 0;
async function copy(change: (folder: string) => Promise<unknown> = () => Promise.resolve()): Promise<string> {
  const folder = join(root, `copy ${(copies++).toString()}`);
  await cp(whole, folder, { recursive: true });
  await change(folder);
  return folder;
}

async function withFolder<T>(path: string, use: (folder: ModelFolder) => Promise<T>): Promise<T> {
  const folder = await openModelFolder(path, folderLayouts);
  try {
    return await use(folder);
  } finally {
    await folder.close();
  }
}

async function editJson(path: string, change: Readonly<Record<string, unknown>>): Promise<void> {
  const value = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...value, ...change }));
}

describe('writing a model folder', () => {
  // The same layout was loaded by diffusers, weight for weight: tests/reference/weights_folder.py.
  test('lays it out as diffusers does', async () => {
    const files = await readdir(whole, { recursive: true, withFileTypes: true });
    const names = files
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name).slice(whole.length + 1));
    expect(names.sort()).toEqual([
      'model_index.json',
      'scheduler/scheduler_config.json',
      'text_encoder/config.json',
      'text_encoder/model.safetensors',
      'tokenizer/merges.txt',
      'tokenizer/special_tokens_map.json',
      'tokenizer/tokenizer_config.json',
      'tokenizer/vocab.json',
      'unet/config.json',
      'unet/diffusion_pytorch_model.safetensors',
      'vae/config.json',
      'vae/diffusion_pytorch_model.safetensors',
    ]);
    expect(JSON.parse(await readFile(join(whole, 'model_index.json'), 'utf8'))).toEqual({
      _class_name: 'StableDiffusionPipeline',
      _diffusers_version: '0.42.1',
      feature_extractor: [null, null],
      requires_safety_checker: false,
      safety_checker: [null, null],
      scheduler: ['diffusers', 'PNDMScheduler'],
      text_encoder: ['transformers', 'CLIPTextModel'],
      tokenizer: ['transformers', 'CLIPTokenizer'],
      unet: ['diffusers', 'UNet2DConditionModel'],
      vae: ['diffusers', 'AutoencoderKL'],
    });
  });

  test('keeps fractions of the text encoder’s config fractions, and notes the precision', async () => {
    const text = await readFile(join(whole, 'text_encoder', 'config.json'), 'utf8');
    expect(text).toContain('"initializer_factor": 1.0,');
    expect(text).toContain('"attention_dropout": 0,');
    expect(text).toContain('"layer_norm_eps": 0.00001,');
    expect(text).toContain('"torch_dtype": "float32"');
  });

  test('names the framework in the weight files, for transformers', async () => {
    const file = await openSafetensors(join(whole, 'text_encoder', 'model.safetensors'));
    expect([...file.metadata]).toEqual([['format', 'pt']]);
    await file.close();
  });

  test('copies one folder to another weight by weight, halved', async () => {
    const half = join(root, 'half');
    await withFolder(whole, async (folder) => {
      const of = (name: ComponentName) => {
        const { config, weights: source } = folder.component(name);
        return { config, weights: weightsOf(source!) };
      };
      await writeModelFolder(half, {
        layout: folder.layout,
        components: { unet: of('unet'), vae: of('vae'), text_encoder: of('text_encoder') },
        scheduler: folder.scheduler,
        tokenizers: { tokenizer: folderTokenizer(join(whole, 'tokenizer')) },
        precision: 'float16',
      });
    });
    await withFolder(half, async (folder) => {
      const source = folder.component('unet').weights!;
      expect(source.dtype('conv_in.bias')).toBe('F16');
      expect([...(await source.read('conv_in.bias'))]).toEqual([
        0.333251953125, 0.458251953125, 0.58349609375, 0.70849609375,
      ]);
    });
  });

  test('writes nothing where something is, or where a part is missing', async () => {
    await expect(writeModelFolder(whole, parts())).rejects.toMatchObject({ code: 'output-exists' });
    const path = join(root, 'never');
    const without = { ...parts(), tokenizers: { tokenizer: folderTokenizer(join(root, 'nowhere')) } };
    await expect(writeModelFolder(path, without)).rejects.toMatchObject({ code: 'tokenizer-missing' });
    await expect(writeModelFolder(path, { ...parts(), scheduler: {} })).rejects.toMatchObject({
      code: 'scheduler-invalid',
    });
    expect((await readdir(root)).filter((name) => name.startsWith('never'))).toEqual([]);
  });
});

describe('opening a model folder', () => {
  test('gives configs, names, shapes and weights', async () => {
    await withFolder(whole, async (folder) => {
      expect([...folder.components.keys()]).toEqual(['unet', 'vae', 'text_encoder']);
      expect(folder.scheduler).toMatchObject({ prediction_type: 'epsilon' });
      const unet = folder.component('unet');
      expect(unet).toMatchObject({ kind: { className: 'UNet2DConditionModel' }, config: { in_channels: 4 } });
      expect(unet.weights!.names).toEqual(['conv_in.bias', 'conv_in.weight']);
      expect(unet.weights!.shape('conv_in.weight')).toEqual([4, 3, 3, 3]);
      const target = new Float32Array(108);
      await unet.weights!.readInto('conv_in.weight', target);
      expect(target).toEqual(weights.unet[0]!.data);
      await expect(unet.weights!.read('conv_out.weight')).rejects.toMatchObject({
        code: 'tensor-missing',
        message: expect.stringContaining('conv_out.weight') as string,
      });
    });
  });

  test('opens a component that has a config and no weights, to be trained from scratch', async () => {
    const path = await copy((folder) => rm(join(folder, 'vae', 'diffusion_pytorch_model.safetensors')));
    await withFolder(path, async (folder) => {
      expect(folder.component('vae').weights).toBeNull();
      expect(await folder.component('vae').hash()).not.toBe('');
    });
  });

  test('hashes a component by its config and its weights', async () => {
    const hash = (path: string): Promise<string> =>
      withFolder(path, (folder) => folder.component('vae').hash());
    const original = await hash(whole);
    expect(original).toMatch(/^[0-9a-f]{64}$/);
    expect(await hash(await copy())).toBe(original);
    const otherConfig = await copy((folder) =>
      editJson(join(folder, 'vae', 'config.json'), { scaling_factor: 1 }),
    );
    expect(await hash(otherConfig)).not.toBe(original);
    const otherWeights = await copy((folder) =>
      writeTensors(join(folder, 'vae', 'diffusion_pytorch_model.safetensors'), {
        'decoder.mid_block.attentions.0.to_q.weight': [2, 2],
      }),
    );
    expect(await hash(otherWeights)).not.toBe(original);
  });

  test.each<[string, (folder: string) => Promise<unknown>, string, RegExp]>([
    [
      'has no model_index.json',
      (folder) => rm(join(folder, 'model_index.json')),
      'model-index-missing',
      /no model_index/,
    ],
    [
      'is an XL pipeline that paints in',
      (folder) =>
        editJson(join(folder, 'model_index.json'), { _class_name: 'StableDiffusionXLInpaintPipeline' }),
      'model-unsupported',
      /StableDiffusionXLInpaintPipeline/,
    ],
    [
      'is an SD3 pipeline',
      (folder) => editJson(join(folder, 'model_index.json'), { _class_name: 'StableDiffusion3Pipeline' }),
      'model-unsupported',
      /StableDiffusion3Pipeline/,
    ],
    [
      'has a second text encoder',
      (folder) =>
        editJson(join(folder, 'model_index.json'), { text_encoder_2: ['transformers', 'CLIPTextModel'] }),
      'model-unsupported',
      /text_encoder_2/,
    ],
    [
      'has a tiny autoencoder',
      (folder) => editJson(join(folder, 'model_index.json'), { vae: ['diffusers', 'AutoencoderTiny'] }),
      'model-unsupported',
      /AutoencoderTiny as its vae/,
    ],
    [
      'has a component without config',
      (folder) => rm(join(folder, 'unet', 'config.json')),
      'model-component-missing',
      /unet has no config/,
    ],
    [
      'has a config that is no JSON',
      (folder) => writeFile(join(folder, 'unet', 'config.json'), '{'),
      'json-invalid',
      /config\.json/,
    ],
    [
      'has weights that are damaged',
      (folder) => writeFile(join(folder, 'unet', 'diffusion_pytorch_model.safetensors'), 'x'),
      'safetensors-truncated',
      /unet/,
    ],
    [
      'has only pickled weights of another name',
      async (folder) => {
        const unet = join(folder, 'unet');
        await rename(join(unet, 'diffusion_pytorch_model.safetensors'), join(unet, 'unet.ckpt'));
      },
      'model-weights-pickle',
      /unet\.ckpt/,
    ],
    [
      'has pickled weights that would run something',
      async (folder) => {
        const unet = join(folder, 'unet');
        await rm(join(unet, 'diffusion_pytorch_model.safetensors'));
        await cp(join(torchFixtures, 'os-system.pt'), join(unet, 'diffusion_pytorch_model.bin'));
      },
      'torch-file-unsafe',
      /diffusion_pytorch_model\.bin names (posix|nt)\.system/,
    ],
  ])('that %s is refused by name', async (_, change, code, message) => {
    await expect(openModelFolder(await copy(change), folderLayouts)).rejects.toMatchObject({
      name: 'Failure',
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  test('names a component that is missing when it is wanted, and a path that is no folder', async () => {
    const path = await copy((folder) => rm(join(folder, 'vae'), { recursive: true }));
    await withFolder(path, (folder) => {
      expect(() => folder.component('vae')).toThrow(/has no vae/);
      expect(folder.component('unet').weights).not.toBeNull();
      return Promise.resolve();
    });
    await expect(openModelFolder(join(root, 'nothing'), folderLayouts)).rejects.toMatchObject({
      code: 'model-missing',
    });
    const file = join(whole, 'unet', 'diffusion_pytorch_model.safetensors');
    await expect(openModelFolder(file, folderLayouts)).rejects.toMatchObject({ code: 'model-single-file' });
  });
});

async function writeTensors(
  path: string,
  shapes: Readonly<Record<string, readonly number[]>>,
  dtype: SafetensorsDtype = 'F32',
): Promise<void> {
  await writeSafetensors(
    path,
    Object.entries(shapes).map(([name, shape]) => ({ dtype, ...weight(name, shape) })),
  );
}

describe('the weights of a component', () => {
  let folder: string;

  async function component(
    name: ComponentName,
    files: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>,
    index?: { readonly name: string; readonly map: unknown },
  ): Promise<Awaited<ReturnType<typeof openComponent>>> {
    folder = join(root, `component ${(copies++).toString()}`);
    await mkdir(folder);
    await writeFile(join(folder, 'config.json'), '{}');
    for (const [file, shapes] of Object.entries(files)) await writeTensors(join(folder, file), shapes);
    if (index) await writeFile(join(folder, index.name), JSON.stringify({ weight_map: index.map }));
    return openComponent(folder, name, stableDiffusionLayout.components.get(name)!);
  }

  test('are found under older names of a VAE’s attention, kept as matrices or 1x1 convolutions', async () => {
    const path = 'encoder.mid_block.attentions.0';
    const opened = await component('vae', {
      'diffusion_pytorch_model.safetensors': {
        [`${path}.query.weight`]: [2, 2, 1, 1],
        [`${path}.query.bias`]: [2],
        [`${path}.key.weight`]: [2, 2],
        [`${path}.value.bias`]: [2],
        [`${path}.proj_attn.weight`]: [2, 2],
        [`${path}.group_norm.weight`]: [2],
        'quant_conv.weight': [2, 2, 1, 1],
      },
    });
    const source = opened.weights!;
    expect([...source.names].sort()).toEqual([
      `${path}.group_norm.weight`,
      `${path}.to_k.weight`,
      `${path}.to_out.0.weight`,
      `${path}.to_q.bias`,
      `${path}.to_q.weight`,
      `${path}.to_v.bias`,
      'quant_conv.weight',
    ]);
    expect(source.shape(`${path}.to_q.weight`)).toEqual([2, 2]);
    expect(source.shape('quant_conv.weight')).toEqual([2, 2, 1, 1]);
    expect([...(await source.read(`${path}.to_q.weight`))]).toEqual([0, 0.125, 0.25, 0.375]);
    await opened.close();
  });

  test.each([
    ['with the prefix', 'text_model.'],
    ['without it, as transformers 5 writes them', ''],
  ])('of a text encoder are found %s', async (_, prefix) => {
    const opened = await component('text_encoder', {
      'model.safetensors': {
        [`${prefix}embeddings.position_ids`]: [1, 3],
        [`${prefix}embeddings.token_embedding.weight`]: [3, 2],
        [`${prefix}encoder.layers.0.mlp.fc1.bias`]: [2],
        [`${prefix}final_layer_norm.bias`]: [2],
        'vision_model.embeddings.class_embedding': [2],
        logit_scale: [],
      },
    });
    const source = opened.weights!;
    expect([...source.names].sort()).toEqual([
      'text_model.embeddings.token_embedding.weight',
      'text_model.encoder.layers.0.mlp.fc1.bias',
      'text_model.final_layer_norm.bias',
    ]);
    await opened.close();
  });

  test('are ambiguous when they stand there twice', async () => {
    const twice = component('text_encoder', {
      'model.safetensors': { 'text_model.final_layer_norm.bias': [2], 'final_layer_norm.bias': [2] },
    });
    await expect(twice).rejects.toMatchObject({ code: 'weights-ambiguous' });
  });

  test('are taken whole before halved, and halved before none', async () => {
    const both = await component('unet', {
      'diffusion_pytorch_model.fp16.safetensors': { half: [1] },
      'diffusion_pytorch_model.safetensors': { whole: [1] },
    });
    expect(both.weights!.names).toEqual(['whole']);
    await both.close();
    const half = await component('unet', { 'diffusion_pytorch_model.fp16.safetensors': { half: [1] } });
    expect(half.weights!.names).toEqual(['half']);
    await half.close();
  });

  test.each(['bf16', 'non_ema'])('are found as the variant %s, whole or in shards', async (variant) => {
    const one = await component('unet', { [`diffusion_pytorch_model.${variant}.safetensors`]: { a: [1] } });
    expect(one.weights!.names).toEqual(['a']);
    await one.close();
    for (const name of [`safetensors.index.${variant}.json`, `${variant}.safetensors.index.json`]) {
      const shards = await component(
        'unet',
        { 'a-1.safetensors': { x: [2] } },
        { name: `diffusion_pytorch_model.${name}`, map: { x: 'a-1.safetensors' } },
      );
      expect(shards.weights!.names).toEqual(['x']);
      await shards.close();
    }
  });

  test('are read from a pickle where there is nothing else', async () => {
    const opened = await component('unet', {});
    await opened.close();
    for (const name of ['diffusion_pytorch_model.bin', 'pytorch_model.fp16.bin']) {
      await cp(join(torchFixtures, 'lightning.ckpt'), join(folder, name));
      const again = await openComponent(folder, 'unet', stableDiffusionLayout.components.get('unet')!);
      const source = again.weights!;
      expect([...source.names].sort()).toEqual(['betas', 'model.diffusion_model.weight']);
      expect(source.dtype('betas')).toBe('F32');
      expect([...(await source.read('betas'))]).toEqual([0, 0.25, 0.5, 0.75, 1]);
      await again.close();
      await rm(join(folder, name));
    }
    await cp(join(torchFixtures, 'lightning.ckpt'), join(folder, 'pytorch_model.bin'));
    await writeTensors(join(folder, 'model.bf16.safetensors'), { preferred: [1] });
    const both = await openComponent(folder, 'unet', stableDiffusionLayout.components.get('unet')!);
    expect(both.weights!.names).toEqual(['preferred']);
    await both.close();
  });

  test('are gathered from pickled shards, and not from other files by their index', async () => {
    const index = { name: 'pytorch_model.bin.index.json', map: { betas: 'a-1.bin', weight: 'a-2.bin' } };
    const shards = component('unet', {}, index);
    await expect(shards).rejects.toMatchObject({ code: 'file-unreadable' });
    await cp(join(torchFixtures, 'lightning.ckpt'), join(folder, 'a-1.bin'));
    await cp(join(torchFixtures, 'protocol-4.pt'), join(folder, 'a-2.bin'));
    const opened = await openComponent(folder, 'unet', stableDiffusionLayout.components.get('unet')!);
    expect([...opened.weights!.names].sort()).toEqual(['betas', 'weight']);
    expect(opened.weights!.shape('weight')).toEqual([2, 3]);
    expect(opened.weights!.files).toEqual([join(folder, 'a-1.bin'), join(folder, 'a-2.bin')]);
    await opened.close();
    for (const shard of ['a-1.safetensors', '../a-1.bin', 'a-1.ckpt'])
      await expect(component('unet', {}, { ...index, map: { betas: shard } })).rejects.toMatchObject({
        code: 'model-index-invalid',
      });
  });

  test.each([
    'diffusion_pytorch_model.safetensors.index.json',
    'diffusion_pytorch_model.safetensors.index.fp16.json',
  ])('are gathered from the shards that %s lists', async (index) => {
    const opened = await component(
      'unet',
      { 'a-1.safetensors': { x: [2], stray: [1] }, 'a-2.safetensors': { y: [3] } },
      { name: index, map: { x: 'a-1.safetensors', y: 'a-2.safetensors' } },
    );
    const source = opened.weights!;
    expect([...source.names].sort()).toEqual(['x', 'y']);
    expect(source.files).toHaveLength(2);
    expect([...(await source.read('y'))]).toEqual([0, 0.125, 0.25]);
    await opened.close();
  });

  test.each([
    '../secret.safetensors',
    '/etc/secret.safetensors',
    '..\\secret.safetensors',
    'C:secret.safetensors',
    'sub/a.safetensors',
    '.safetensors',
    'a.bin',
    '',
    7,
    null,
  ])('are never sought where an index points out of the folder: %j', async (shard) => {
    const opened = component(
      'unet',
      { 'a.safetensors': { x: [1] } },
      {
        name: 'diffusion_pytorch_model.safetensors.index.json',
        map: { x: shard },
      },
    );
    await expect(opened).rejects.toMatchObject({ code: 'model-index-invalid' });
  });

  test('must be in the shard the index says', async () => {
    const index = 'diffusion_pytorch_model.safetensors.index.json';
    const missing = component(
      'unet',
      { 'a.safetensors': { x: [1] } },
      { name: index, map: { x: 'a.safetensors', y: 'a.safetensors' } },
    );
    await expect(missing).rejects.toMatchObject({
      code: 'tensor-missing',
      message: expect.stringContaining('lacks y') as string,
    });
    const absent = component('unet', {}, { name: index, map: { x: 'a.safetensors' } });
    await expect(absent).rejects.toMatchObject({ code: 'file-unreadable' });
    const empty = component('unet', {}, { name: index, map: [] });
    await expect(empty).rejects.toMatchObject({ code: 'model-index-invalid' });
  });
});
