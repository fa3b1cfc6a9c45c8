import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

import { describe, expect, test } from 'vitest';

import { loraLayout, takesAdapter } from '../../native/families/stable-diffusion/lora.ts';
import { ldmUNetName } from '../../native/families/stable-diffusion/single-file/ldm-names.ts';
import { readXlUNetConfig } from '../../native/families/stable-diffusion-xl/configs.ts';
import { xlLoraLayout } from '../../native/families/stable-diffusion-xl/lora.ts';
import { readClipTextConfig, readProjectedClipTextConfig } from '../../native/models/clip-text.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import { loraFactsOf } from '../../native/weights/lora-facts.ts';
import { kohyaName, type LoraLayout } from '../../native/weights/lora-names.ts';
import { type PlacedLora, placeModules } from '../../native/weights/lora-reader.ts';
import type { TensorFile, TensorInfo } from '../../native/weights/tensor-file.ts';
import { failureOf } from '../training/tiny-model.ts';

type Shapes = readonly (readonly [name: string, shape: readonly number[]])[];

const configs = new URL('../reference/configs/', import.meta.url);
const unpacked = (name: string): unknown =>
  JSON.parse(gunzipSync(readFileSync(new URL(`${name}.json.gz`, configs))).toString('utf8'));

/** Written by the programs' own code, with versions: tests/reference/lora_keys.py. */
const lists = unpacked('lora-keys') as Readonly<
  Record<string, { readonly base: string; readonly tensors: Shapes }>
>;

const layoutOf = (name: 'sd1' | 'sd2'): LoraLayout => {
  const config = (part: string): unknown =>
    JSON.parse(readFileSync(new URL(`${name}-${part}.json`, configs), 'utf8'));
  return loraLayout({
    unet: readUNetConfig(config('unet')),
    text: readClipTextConfig(config('text-encoder')),
  });
};
const configOf = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`${name}.json`, configs), 'utf8'));
const sdxl = xlLoraLayout({
  unet: readXlUNetConfig(configOf('sdxl-unet'), 'unet/config.json'),
  text: readClipTextConfig(configOf('sd1-text-encoder')),
  projected: readProjectedClipTextConfig(configOf('sdxl-text-encoder-2')),
});
const layouts = { sd1: layoutOf('sd1'), sd2: layoutOf('sd2'), sdxl };

const factsOf = (tensors: Shapes) =>
  loraFactsOf({
    tensors: new Map(tensors.map(([name, shape]): [string, TensorInfo] => [name, { dtype: 'F16', shape }])),
    metadata: new Map(),
  });

describe('the tensors of a published LoRA', () => {
  test.each(Object.entries(lists))('say what it is: %s', (name, { base, tensors }) => {
    const facts = factsOf(tensors)!;
    expect(facts.base).toBe(base);
    expect(facts.form).toBe(name.includes('DoRA') ? 'dora' : name.includes('LoCon') ? 'locon' : 'lora');
    expect(facts.reasons).toHaveLength(1);
    const modules = facts.modules.reduce((sum, { count }) => sum + count, 0);
    const ups = tensors.filter(([key]) => /lora_up\.weight$|lora_B\.weight$|\.up\.weight$/.test(key));
    expect(modules).toBe(ups.length);
  });

  test('say the program', () => {
    const naming = Object.fromEntries(
      Object.entries(lists).map(([name, { tensors }]) => [name, factsOf(tensors)!.naming]),
    );
    for (const [name, program] of Object.entries(naming)) {
      const expected = /^kohya|^LyCORIS/.test(name)
        ? 'kohya'
        : name.includes('processors')
          ? 'diffusers'
          : 'PEFT';
      expect(program, name).toBe(expected);
    }
  });
});

/** A file of these tensors, all of whose numbers are one. */
function fileOf(tensors: Shapes): TensorFile {
  const ones = (name: string): Float32Array<ArrayBuffer> => {
    const [, shape] = tensors.find(([key]) => key === name)!;
    return new Float32Array(shape.reduce((product, extent) => product * extent, 1)).fill(1);
  };
  return {
    path: 'lora.safetensors',
    tensors: new Map(tensors.map(([name, shape]): [string, TensorInfo] => [name, { dtype: 'F16', shape }])),
    metadata: new Map(),
    readAs: ((name: string) => Promise.resolve(ones(name))) as unknown as TensorFile['readAs'],
    read: () => Promise.reject(new Error('Numbers are read by their type.')),
    readInto: () => Promise.reject(new Error('Numbers are read by their type.')),
    close: () => Promise.resolve(),
  };
}

const ofBase = (wanted: string) => Object.entries(lists).filter(([, { base }]) => base === wanted);

describe('a published LoRA in its model', () => {
  test.each([...ofBase('sd1'), ...ofBase('sd2'), ...ofBase('sdxl')])(
    'finds a module for each of its tensors: %s',
    async (_, { base, tensors }) => {
      const modules = await placeModules(fileOf(tensors), layouts[base as keyof typeof layouts]);
      const downs = tensors.filter(([key]) => /lora_down\.weight$|lora_A\.weight$|\.down\.weight$/.test(key));
      expect(modules).toHaveLength(downs.length);
      expect(new Set(modules.map(({ component, module }) => `${component} ${module}`)).size).toBe(
        downs.length,
      );
    },
  );

  test('has the forms that its tensors give', async () => {
    const forms = async (name: string): Promise<Record<string, number>> => {
      const modules = await placeModules(fileOf(lists[name]!.tensors), layouts.sd1);
      const named = ({ kernel, tucker, magnitudeAxis }: PlacedLora): string =>
        [kernel.join('x') || 'matrix', tucker && 'Tucker', magnitudeAxis !== null && `DoRA ${magnitudeAxis}`]
          .filter(Boolean)
          .join(' ');
      return Object.fromEntries(
        [...Map.groupBy(modules, named)].map(([form, { length }]): [string, number] => [form, length]),
      );
    };
    expect(await forms('kohya SD 1.x LoRA')).toEqual({ matrix: 232, '1x1': 32 });
    // And 22 timestep projections, 14 shortcuts, two convolutions of each of 22 residual blocks, 6 between levels.
    expect(await forms('kohya SD 1.x LoCon')).toEqual({ matrix: 254, '1x1': 46, '3x3': 50 });
    expect(await forms('LyCORIS SD 1.x LoCon, Tucker')).toEqual({ matrix: 256, '1x1': 46, '3x3 Tucker': 52 });
    expect(await forms('LyCORIS SD 1.x DoRA')).toEqual({
      'matrix DoRA 0': 256,
      '1x1 DoRA 0': 46,
      '3x3 DoRA 0': 52,
    });
    expect(await forms('LyCORIS SD 1.x DoRA along inputs')).toEqual({
      'matrix DoRA 1': 256,
      '1x1 DoRA 1': 46,
      '3x3 DoRA 1': 52,
    });
    expect(await forms('PEFT SD 1.x DoRA')).toEqual({ 'matrix DoRA 0': 176 });
  });

  test.each(ofBase('sdxl'))(
    'of SDXL is named on another model, not taken for it: %s',
    async (_, { tensors }) => {
      const failure = await failureOf(placeModules(fileOf(tensors), layouts.sd1));
      expect([failure.code, failure.message]).toEqual([
        'lora-invalid',
        expect.stringMatching(/which this model does not have.* It is a .* for SDXL, rank/) as string,
      ]);
    },
  );

  test('of SD 2.x is named on SD 1.x, whose modules have the same names', async () => {
    const { tensors } = lists['kohya SD 2.x LoRA']!;
    const common = tensors.filter(([key]) => !/layers_(?:1[2-9]|2\d)_/.test(key));
    const failure = await failureOf(placeModules(fileOf(common), layouts.sd1));
    expect(failure.message).toMatch(
      /is for a weight of the shape .* It is a LoRA for Stable Diffusion 2.x, rank 32\.$/,
    );
  });
});

describe('a published LoRA for SDXL', () => {
  /** The modules of SDXL's UNet that attention has, by diffusers' names, which the original code calls otherwise. */
  const attention = new Map(
    lists['PEFT SDXL']!.tensors.flatMap(([key, [out = 0]]): [string, readonly number[]][] => {
      const module = /^unet\.(.*)\.lora_B\.weight$/.exec(key)?.[1];
      const down = lists['PEFT SDXL']!.tensors.find(([other]) => other === `unet.${module}.lora_A.weight`);
      return module === undefined ? [] : [[module, [out, down![1][1]!]]];
    }),
  );
  const plan = { layersPerBlock: 2, crossAttention: [false, true, true] };
  const named: LoraLayout = [
    {
      component: 'unet',
      prefixes: ['lora_unet'],
      shapes: attention,
      originalName: (path) => ldmUNetName(`${path}.weight`, plan).replace(/\.weight$/, ''),
    },
  ];

  test('has the modules that a LoRA trained here has, by the names that are written', () => {
    const theirs = new Set(lists['kohya SDXL LoRA']!.tensors.map(([key]) => key.split('.')[0]!));
    const ours = sdxl.flatMap((modules) =>
      [...modules.shapes.keys()]
        .filter((path) => takesAdapter(modules.component, path))
        .map((path) => kohyaName(modules, path)),
    );
    expect(new Set(ours)).toEqual(theirs);
  });

  test('has one module by diffusers’ name and by the original code’s', async () => {
    const own = (name: string, pattern: RegExp): Shapes =>
      lists[name]!.tensors.filter(([key]) => pattern.test(key));
    const kohya = await placeModules(
      fileOf(own('kohya SDXL LoRA', /^lora_unet_.*_attn[12]_to_(?:q|k|v|out_0)\./)),
      named,
    );
    const peft = await placeModules(fileOf(own('PEFT SDXL', /^unet\./)), named);
    const paths = (modules: readonly PlacedLora[]): string[] => modules.map(({ module }) => module).sort();
    expect(paths(kohya)).toEqual(paths(peft));
    expect(peft).toHaveLength(attention.size);
  });

  test.each(['kohya SDXL LoRA', 'LyCORIS SDXL LoCon'])(
    'has nothing that the original code’s UNet has not: %s',
    async (name) => {
      const weights = unpacked('sdxl-single-file.parameters') as Shapes;
      const prefix = 'model.diffusion_model.';
      const shapes = new Map(
        weights.flatMap(([key, shape]): [string, readonly number[]][] =>
          key.startsWith(prefix) && shape.length > 1
            ? [[key.slice(prefix.length).replace(/\.weight$/, ''), shape]]
            : [],
        ),
      );
      const original: LoraLayout = [{ component: 'unet', prefixes: ['lora_unet'], shapes }];
      const own = lists[name]!.tensors.filter(([key]) => key.startsWith('lora_unet_'));
      expect(await placeModules(fileOf(own), original)).not.toHaveLength(0);
    },
  );
});
