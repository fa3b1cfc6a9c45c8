import { readFileSync } from 'node:fs';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Component, OpenModel, SingleFileModel } from '../../native/families/family.ts';
import { openModel } from '../../native/families/open-model.ts';
import { readFacts } from '../../native/families/read-facts.ts';
import { stableDiffusionFile } from '../../native/families/stable-diffusion/single-file/single-file.ts';
import { whatFile } from '../../native/families/what-file.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { createTextToImage, toRgb } from '../../native/sampling/text-to-image.ts';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '../../native/weights/safetensors.ts';
import type { TensorFile } from '../../native/weights/tensor-file.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { type FullSizeName, readFullSize, readSingleFileTensors } from '../reference/fixture.ts';
import { fileHash, writeSingleFileModel } from '../reference/single-file-models.ts';
import { failureOf } from '../training/tiny-model.ts';
import { archiveOf, bytesOf, tensor, text } from '../weights/torch-archive.ts';

/** diffusers 0.42.1, transformers 5.23.0, PyTorch; made by tests/reference/single_file.py. */
const fixture = JSON.parse(
  readFileSync(new URL('../reference/fixtures/single-file.json', import.meta.url), 'utf8'),
) as {
  readonly settings: {
    readonly prompt: string;
    readonly negativePrompt: string;
    readonly seed: number;
    readonly steps: number;
    readonly guidanceScale: number;
    readonly width: number;
    readonly height: number;
  };
  readonly pictures: readonly {
    readonly model: 'sd1' | 'sd2';
    readonly sha256: string;
    readonly rgb: string;
  }[];
};

/** A file of which there are names and shapes alone. */
function listed(
  shapes: ReadonlyMap<string, readonly number[]>,
  metadata: Readonly<Record<string, string>> = {},
): TensorFile {
  const unread = (): never => {
    throw new Error('There are no weights.');
  };
  return {
    path: 'model.safetensors',
    tensors: new Map([...shapes].map(([name, shape]) => [name, { dtype: 'F16', shape }])),
    metadata: new Map(Object.entries(metadata)),
    ...{ read: unread, readAs: unread, readInto: unread },
    close: () => Promise.resolve(),
  };
}

const made = (file: TensorFile, config: string | null = null, vae: TensorFile | null = null) =>
  stableDiffusionFile({ file, vae, config });

const without = (
  shapes: ReadonlyMap<string, readonly number[]>,
  pattern: RegExp,
): ReadonlyMap<string, readonly number[]> => new Map([...shapes].filter(([name]) => !pattern.test(name)));

const renamed = (
  shapes: ReadonlyMap<string, readonly number[]>,
  from: RegExp,
  to: string,
): ReadonlyMap<string, readonly number[]> =>
  new Map([...shapes].map(([name, shape]) => [name.replace(from, to), shape]));

/** What a published file has besides weights that are used. */
const unused =
  /^(?:(?:sqrt_|log_)?(?:one_minus_)?(?:recip(?:m1)?_)?(?:alphas|betas|posterior)|sqrt_|log_one|model_ema\.)|position_ids$|logit_scale$|text_projection$|resblocks\.23\./;

describe.each([
  ['sd1', 1, ['sd1-unet', 'vae', 'sd1-text-encoder']],
  ['sd2', 2, ['sd2-unet', 'vae', 'sd2-text-encoder']],
] as const)('the published file of %s', (name, generation, published) => {
  test('has every weight under its name, and nothing is left over', async () => {
    const shapes = await readSingleFileTensors(name);
    const model = made(listed(shapes))!;
    const used = new Set<string>();
    for (const [component, full] of [
      ['unet', published[0]],
      ['vae', published[1]],
      ['text_encoder', published[2]],
    ] as const satisfies readonly (readonly [string, FullSizeName])[]) {
      const { parameters } = await readFullSize(full);
      const weights = model.components.get(component)!.weights();
      for (const { key } of weights.values()) used.add(key);
      expect([...weights].map(([key, { shape }]) => [key, shape.join()]).sort()).toEqual(
        [...parameters].map(([key, shape]) => [key, shape.join()]).sort(),
      );
    }
    expect([...shapes.keys()].filter((key) => !used.has(key) && !unused.test(key))).toEqual([]);
  });

  test('is understood as diffusers has its configs', async () => {
    const model = made(listed(await readSingleFileTensors(name)))!;
    expect(model.label).toBe(`Stable Diffusion ${generation}.x`);
    for (const [component, full] of [
      ['unet', published[0]],
      ['text_encoder', published[2]],
    ] as const) {
      const { config } = (await readFullSize(full)) as { readonly config: Record<string, unknown> };
      const own = model.components.get(component)!.config;
      const same = Object.keys(own).filter((key) => key in config && !['projection_dim'].includes(key));
      expect(same.length).toBeGreaterThan(10);
      const flat = (value: unknown) =>
        Array.isArray(value) && new Set(value).size === 1 ? (value as unknown[])[0] : value;
      for (const key of same) expect([key, flat(own[key])]).toEqual([key, flat(config[key])]);
    }
  });
});

describe('a file of a Stable Diffusion', () => {
  test('may lack `text_model.`, and carry averaged weights and other buffers', async () => {
    const shapes = renamed(await readSingleFileTensors('sd1'), /\.text_model\./, '.');
    const model = made(listed(new Map([...shapes, ['model_ema.decay', []]])))!;
    expect(model.components.get('text_encoder')!.weights().size).toBe(196);
    expect(model.reasons.join()).toContain('EMA');
  });

  test('that was written again without the layer nobody reads has the same text encoder', async () => {
    const shapes = await readSingleFileTensors('sd2');
    const whole = made(listed(shapes))!.components.get('text_encoder')!.config;
    const rewritten = made(listed(without(shapes, /resblocks\.23\./)))!.components.get('text_encoder')!;
    expect(rewritten.config).toEqual(whole);
  });

  const predictionOf = (model: SingleFileModel | null) => model?.scheduler.prediction_type;

  test('says itself, or by what lies beside it, what it predicts', async () => {
    const [first, second] = [await readSingleFileTensors('sd1'), await readSingleFileTensors('sd2')];
    expect(predictionOf(made(listed(first)))).toBe('epsilon');
    expect(predictionOf(made(listed(second)))).toBe('v_prediction');
    expect(predictionOf(made(listed(second), 'model:\n  params:\n    parameterization: eps\n'))).toBe(
      'epsilon',
    );
    expect(predictionOf(made(listed(first), '    parameterization: "v"'))).toBe('v_prediction');
    const metadata = { 'modelspec.architecture': 'stable-diffusion-v2-512' };
    expect(predictionOf(made(listed(second, metadata)))).toBe('epsilon');
    expect(predictionOf(made(listed(first, { 'modelspec.prediction_type': 'v' })))).toBe('v_prediction');
    expect(predictionOf(made(listed(new Map([...first, ['v_pred', []]]))))).toBe('v_prediction');
    expect(predictionOf(made(listed(second, { global_step: '875000' })))).toBe('epsilon');
    expect(made(listed(second))!.scheduler).not.toHaveProperty('rescale_betas_zero_snr');
    expect(made(listed(new Map([...second, ['ztsnr', []]])))!.scheduler).toMatchObject({
      rescale_betas_zero_snr: true,
    });
  });

  test('that lacks weights is refused with one of them', async () => {
    const shapes = without(await readSingleFileTensors('sd1'), /input_blocks\.4\.1\.proj_in\.bias/);
    const { weights } = made(listed(shapes))!.components.get('unet')!;
    await expect(
      failureOf(
        new Promise((resolve) => {
          resolve(weights());
        }),
      ),
    ).resolves.toMatchObject({
      code: 'tensor-missing',
      message:
        'model.safetensors lacks 1 of its weights, among them model.diffusion_model.input_blocks.4.1.proj_in.bias.',
    });
  });

  test.each([
    [
      'without its prefix',
      (shapes: ReadonlyMap<string, readonly number[]>) => renamed(shapes, /^first_stage_model\./, ''),
    ],
    ['with it', (shapes: ReadonlyMap<string, readonly number[]>) => shapes],
  ])('takes a VAE beside it, %s', async (_, change) => {
    const shapes = await readSingleFileTensors('sd1');
    const vae = listed(
      change(new Map([...shapes].filter(([name]) => name.startsWith('first_stage_model.')))),
    );
    const model = made(listed(without(shapes, /^first_stage_model\./)), null, vae)!;
    const { weights } = model.components.get('vae')!;
    expect(weights().size).toBe(248);
    expect([...weights().values()].every(({ file }) => file === vae)).toBe(true);
  });

  test.each(['I8', 'F8_E4M3', 'U8'] as const)('is refused where its weights are %s', async (dtype) => {
    const file = listed(await readSingleFileTensors('sd1'));
    const key = 'first_stage_model.decoder.conv_in.weight';
    const tensors = new Map([...file.tensors, [key, { dtype, shape: file.tensors.get(key)!.shape }]]);
    const { weights } = made({ ...file, tensors })!.components.get('vae')!;
    const failure = failureOf(
      new Promise((resolve) => {
        resolve(weights());
      }),
    );
    await expect(failure).resolves.toMatchObject({ code: 'weights-quantized' });
  });

  test('takes a VAE in the names diffusers has, older ones too', async () => {
    const { parameters } = await readFullSize('vae');
    const older = renamed(
      renamed(
        renamed(renamed(parameters, /\.to_q\./, '.query.'), /\.to_k\./, '.key.'),
        /\.to_v\./,
        '.value.',
      ),
      /\.to_out\.0\./,
      '.proj_attn.',
    );
    const shapes = without(await readSingleFileTensors('sd1'), /^first_stage_model\./);
    for (const names of [parameters, older]) {
      const { config, weights } = made(listed(shapes), null, listed(names))!.components.get('vae')!;
      expect(config).toMatchObject({ block_out_channels: [128, 256, 512, 512], layers_per_block: 2 });
      expect(weights().size).toBe(248);
    }
  });
});

describe('a file of something else', () => {
  test.each([
    ['an SDXL model', 'sdxl', (shapes: ReadonlyMap<string, readonly number[]>) => shapes],
    [
      'an SDXL refiner',
      'sdxl',
      (shapes: ReadonlyMap<string, readonly number[]>) =>
        renamed(without(shapes, /^conditioner\.embedders\.0/), /embedders\.1/, 'embedders.0'),
    ],
    [
      'an inpainting model',
      'sd1',
      (shapes: ReadonlyMap<string, readonly number[]>) =>
        new Map([...shapes, ['model.diffusion_model.input_blocks.0.0.weight', [320, 9, 3, 3]]] as const),
    ],
    [
      'a VAE alone',
      'sd1',
      (shapes: ReadonlyMap<string, readonly number[]>) => without(shapes, /^(?!first_stage_model)/),
    ],
    [
      'a text encoder alone',
      'sd1',
      (shapes: ReadonlyMap<string, readonly number[]>) =>
        renamed(without(shapes, /^(?!cond_stage_model)/), /^cond_stage_model\.transformer\./, ''),
    ],
  ] as const)('is said to be %s', async (what, name, change) => {
    const file = listed(change(await readSingleFileTensors(name)));
    expect(made(file)).toBeNull();
    expect(whatFile(file).what).toBe(what);
  });

  test.each([
    ['a LoRA', 'lora_unet_mid_block_attentions_0_proj_in.lora_down.weight'],
    ['a LoRA', 'unet.mid_block.attentions.0.proj_in.lora_A.weight'],
    ['a LoHa or LoKr (LyCORIS)', 'lora_unet_mid_block_attentions_0_proj_in.hada_w1_a'],
    ['an embedding (textual inversion)', 'emb_params'],
    ['a ControlNet', 'control_model.input_blocks.0.0.weight'],
    ['a Stable Diffusion 3 model', 'model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight'],
    ['a Flux model', 'double_blocks.0.img_attn.qkv.weight'],
    ['the UNet of a diffusers folder, without the rest', 'down_blocks.0.resnets.0.conv1.weight'],
    ['not a model that Screenfold knows', 'something.weight'],
  ])('is said to be %s by %s', (what, name) => {
    const file = listed(new Map([[name, [4, 4]]]));
    expect(made(file)).toBeNull();
    expect(whatFile(file).what).toBe(what);
  });
});

describe.each([1, 2] as const)('a tiny model of generation %s in one file', (generation) => {
  const name = `sd${generation}` as const;
  const folder = temporaryFolder();
  let runtime: Runtime;
  let inFolder: OpenModel;
  let inFile: OpenModel;
  const path = () => join(folder.path, `${name}.safetensors`);
  beforeAll(async () => {
    await writeSingleFileModel(folder.path, generation);
    runtime = await chooseRuntime({ provider: 'cpu' });
    inFolder = await openModel({ base: join(folder.path, name) });
    inFile = await openModel({ base: path() });
  });
  afterAll(async () => {
    await inFile.close();
    await inFolder.close();
    await runtime.dispose();
  });

  const read = (component: Component) =>
    Promise.all(
      component.weights().map(async ({ name: key, shape, data }) => {
        const numbers = typeof data === 'function' ? await data() : data;
        return [key, { shape, numbers }] as const;
      }),
    );

  test('is written as it was when diffusers read it', async () => {
    const picture = fixture.pictures.find(({ model }) => model === name)!;
    await expect(fileHash(path())).resolves.toBe(picture.sha256);
  });

  test('has every weight of the folder it was written from', async () => {
    for (const [component, own] of inFolder.components) {
      const expected = new Map(await read(own));
      expect(new Map(await read(inFile.component(component)))).toEqual(expected);
    }
  });

  test('makes the picture that diffusers makes of it', async () => {
    const { prompt, negativePrompt, seed, ...settings } = fixture.settings;
    const pipeline = createTextToImage(runtime, inFile);
    const request = { prompt, negativePrompt, seed };
    const [picture] = await pipeline.generate([request], { ...settings, sampler: 'ddim' });
    await pipeline.dispose();
    const theirs = Buffer.from(fixture.pictures.find(({ model }) => model === name)!.rgb, 'base64');
    const ours = toRgb(picture!);
    expect(ours.length).toBe(theirs.length);
    expect(
      ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]!)), 0),
    ).toBeLessThanOrEqual(1);
  });

  test('says of itself what the folder says', async () => {
    const [file, whole] = [await readFacts(path()), await readFacts(join(folder.path, name))];
    expect(file).toEqual(whole);
  });

  test('is written to a folder again, with its tokenizer', async () => {
    const again = join(folder.path, 'again');
    await inFile.save(again, 'float32');
    const model = await openModel({ base: again });
    for (const [component, own] of inFolder.components)
      expect(new Map(await read(model.component(component)))).toEqual(new Map(await read(own)));
    const caption = 'a fox, ünïcode 狐';
    expect(model.conditioning.tokenize(caption)).toEqual(inFolder.conditioning.tokenize(caption));
    await model.close();
  });

  test('has the hash of its weights part by part, wherever the file lies', async () => {
    const other = join(folder.path, 'other name.safetensors');
    await copyFile(path(), other);
    const model = await openModel({ base: other });
    for (const [component, own] of inFile.components)
      await expect(model.component(component).hash()).resolves.toBe(await own.hash());
    await model.close();
  });

  test('names what is missing, and is whole again with a VAE beside it', async () => {
    const file = await openSafetensors(path());
    const tensors = [...file.tensors].map(([key, { shape }]): TensorToWrite => ({
      ...{ name: key, shape, dtype: 'F32' },
      data: () => file.readAs(key, 'float32'),
    }));
    const isVae = (tensor: TensorToWrite) => tensor.name.startsWith('first_stage_model.');
    const bare = join(folder.path, 'bare.safetensors');
    await writeSafetensors(
      bare,
      tensors.filter((tensor) => !isVae(tensor)),
    );
    await expect(failureOf(openModel({ base: bare }))).resolves.toMatchObject({
      code: 'model-part-missing',
      message: `${bare} is a Stable Diffusion ${generation}.x without its VAE.`,
      hint: `Put the VAE beside it, as ${join(folder.path, 'bare.vae.safetensors')}, or take another model’s: by --vae, or in the studio under Models.`,
    });
    const vae = join(folder.path, 'bare.vae.safetensors');
    await writeSafetensors(vae, tensors.filter(isVae));
    const model = await openModel({ base: bare });
    expect(new Map(await read(model.component('vae')))).toEqual(
      new Map(await read(inFolder.component('vae'))),
    );
    await model.close();
    await expect(failureOf(openModel({ base: vae }))).resolves.toMatchObject({
      code: 'model-file-unsupported',
      message: `${vae} is a VAE alone.`,
    });
    await file.close();
    await rm(vae);
  });

  test('is the same model as a checkpoint of PyTorch', async () => {
    const file = await openSafetensors(path());
    const names = [...file.tensors.keys()];
    const storages = await Promise.all(
      names.map(async (key, at) => {
        const numbers = await file.readAs(key, 'float32');
        return { name: `sd/data/${at}`, bytes: new Uint8Array(numbers.buffer) };
      }),
    );
    const items = names.map((key, at) => {
      const { shape } = file.tensors.get(key)!;
      const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
      return bytesOf(text(key), tensor({ shape, strides, elements: elementCount(shape), key: String(at) }));
    });
    await file.close();
    const pickle = bytesOf(0x80, 2, '}', text('state_dict'), '}(', ...items, 'us.');
    const checkpoint = join(folder.path, 'checkpoint.ckpt');
    await writeFile(checkpoint, archiveOf([{ name: 'sd/data.pkl', bytes: pickle }, ...storages]));
    const model = await openModel({ base: checkpoint });
    for (const [component, own] of inFolder.components)
      expect(new Map(await read(model.component(component)))).toEqual(new Map(await read(own)));
    await model.close();
  });

  test.each([
    [
      'a layer of which one weight is missing',
      (tensor: TensorToWrite) =>
        !/(?:layers\.1\.self_attn\.q_proj\.weight|resblocks\.1\.attn\.in_proj_weight)$/.test(tensor.name),
      null,
    ],
    [
      'a transformer more',
      () => true,
      'model.diffusion_model.middle_block.1.transformer_blocks.1.norm1.weight',
    ],
    [
      'a norm of queries',
      () => true,
      'model.diffusion_model.middle_block.1.transformer_blocks.0.attn1.q_norm.weight',
    ],
    [
      'a text encoder more',
      () => true,
      generation === 1
        ? 'cond_stage_model.model.ln_final.weight'
        : 'cond_stage_model.transformer.text_model.final_layer_norm.weight',
    ],
  ] as const)('with %s is not taken for one', async (_, keeps, more) => {
    const file = await openSafetensors(path());
    const tensors = [...file.tensors].map(([key, { shape }]): TensorToWrite => ({
      ...{ name: key, shape, dtype: 'F32' },
      data: () => file.readAs(key, 'float32'),
    }));
    const other = join(folder.path, 'other.safetensors');
    const extra =
      more === null ? [] : [{ name: more, dtype: 'F32', shape: [1], data: new Float32Array(1) } as const];
    await writeSafetensors(other, [...tensors.filter(keeps), ...extra]);
    await file.close();
    const { code } = await failureOf(openModel({ base: other }));
    expect(['model-file-unsupported', 'tensor-missing', 'model-mismatch']).toContain(code);
  });

  test('beside which something else lies as a VAE says what that is', async () => {
    const other = join(folder.path, 'with.safetensors');
    await copyFile(path(), other);
    const lora = join(folder.path, 'with.vae.safetensors');
    const name = 'lora_unet_mid_block_attentions_0_proj_in.lora_down.weight';
    await writeSafetensors(lora, [{ name, dtype: 'F32', shape: [1], data: new Float32Array(1) }]);
    await expect(failureOf(openModel({ base: other }))).resolves.toMatchObject({
      code: 'model-file-unsupported',
      message: `${lora} lies where a VAE is looked for, and is a LoRA.`,
    });
    await rm(lora);
  });

  test('that is cut short is refused', async () => {
    const torn = join(folder.path, 'torn.safetensors');
    await writeFile(torn, readFileSync(path()).subarray(0, 2000));
    await expect(failureOf(openModel({ base: torn }))).resolves.toMatchObject({
      code: 'safetensors-truncated',
    });
  });
});
