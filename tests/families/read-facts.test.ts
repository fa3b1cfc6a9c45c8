import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { type AdapterModule, adapterWeights } from '../../native/facts/lora-shape.ts';
import { readAdapterModules, readFacts } from '../../native/families/read-facts.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { readFullSize } from '../reference/fixture.ts';
import { failureOf } from '../training/tiny-model.ts';

const folder = temporaryFolder();

/** A published model without its weights. */
async function writeConfigs(
  name: 'sd1' | 'sd2',
  files: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const path = join(folder.path, `${name} ${Object.keys(files).join(' ').replaceAll('/', ' ')}`);
  const all = {
    'model_index.json': { _class_name: 'StableDiffusionPipeline' },
    'unet/config.json': (await readFullSize(`${name}-unet`)).config,
    'vae/config.json': (await readFullSize('vae')).config,
    'text_encoder/config.json': (await readFullSize(`${name}-text-encoder`)).config,
    'scheduler/scheduler_config.json': {
      _class_name: 'PNDMScheduler',
      ...(name === 'sd2' && { prediction_type: 'v_prediction' }),
    },
    ...files,
  };
  for (const [file, content] of Object.entries(all)) {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), JSON.stringify(content));
  }
  return path;
}

/** Weights of a LoRA of rank 1, by component. */
function sizesOf(modules: readonly AdapterModule[]): Record<string, number> {
  const components = Map.groupBy(modules, ({ component }) => component);
  return Object.fromEntries(
    [...components].map(([name, own]) => [name, adapterWeights({ rank: 1, alpha: 1 }, own, false)]),
  );
}

describe("a model's configs", () => {
  test('say for which pictures it was made, what it predicts and what it consists of', async () => {
    const components = { denoiser: ['unet'], textEncoders: ['text_encoder'], autoencoder: ['vae'] };
    const facts = {
      resolution: 512,
      autoencoderResolution: 512,
      latentFactor: 8,
      latentChannels: 4,
      pixelStep: 64,
      prediction: 'epsilon',
      textLayers: 12,
      textWidth: 768,
      components,
    };
    expect(await readFacts(await writeConfigs('sd1'))).toEqual(facts);
    expect(await readFacts(await writeConfigs('sd2'))).toEqual({
      ...facts,
      resolution: 768,
      prediction: 'v_prediction',
      textLayers: 23,
      textWidth: 1024,
    });
  });

  // Names and shapes from diffusers and transformers, by tests/reference/full_size.py.
  test.each(['sd1', 'sd2'] as const)('of %s say how large a LoRA on it is', async (name) => {
    const linear = async (model: 'unet' | 'text-encoder', within: string): Promise<number> => {
      const { parameters } = await readFullSize(`${name}-${model}`);
      return [...parameters]
        .filter(([key, shape]) => key.includes(within) && shape.length > 1)
        .reduce((sum, [, shape]) => {
          expect(elementCount(shape)).toBe(shape[0]! * shape[1]!);
          return sum + shape[0]! + shape[1]!;
        }, 0);
    };
    const modules = await readAdapterModules(await writeConfigs(name));
    expect(sizesOf(modules)).toEqual({
      unet: await linear('unet', '.attentions.'),
      text_encoder: await linear('text-encoder', '.layers.'),
    });
    // What LoCon adds: of residual blocks two convolutions, the timestep's projection and a way round where channels change.
    const added = modules.filter(({ kind }) => kind === 'convolution');
    const { parameters } = await readFullSize(`${name}-unet`);
    const named = [...parameters].filter(
      ([key, shape]) => /\.(?:resnets|upsamplers|downsamplers)\./.test(key) && shape.length > 1,
    );
    expect(added.map(({ inputs, outputs }) => inputs * outputs).sort()).toEqual(
      named.map(([, shape]) => elementCount(shape)).sort(),
    );
    expect(Map.groupBy(added, ({ block }) => block).get('mid')).toHaveLength(6);
  });

  test('are counted anew once they are others', async () => {
    const before = sizesOf(await readAdapterModules(await writeConfigs('sd1')));
    const { config } = await readFullSize('sd1-text-encoder');
    const halved = { ...(config as object), num_hidden_layers: 6 };
    const configs = await writeConfigs('sd1', { 'text_encoder/config.json': halved });
    const after = sizesOf(await readAdapterModules(configs));
    expect(after).toEqual({ unet: before.unet, text_encoder: before.text_encoder! / 2 });
  });

  test.each([
    ['unet/config.json', { act_fn: 'relu' }, 'config-unsupported', 'act_fn'],
    ['vae/config.json', {}, 'config-invalid', 'block_out_channels'],
    [
      'scheduler/scheduler_config.json',
      { prediction_type: 'sample' },
      'scheduler-config-field',
      'prediction_type',
    ],
    ['model_index.json', { _class_name: 'FluxPipeline' }, 'model-unsupported', 'FluxPipeline'],
  ])('are refused where %s says %o', async (file, content, code, named) => {
    const path = await writeConfigs('sd1', { [file]: content });
    const failure = await failureOf(readFacts(path));
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(named)]);
    expect(failure.message).toContain(path);
  });

  test('are refused where one is missing', async () => {
    const path = await writeConfigs('sd1', { 'text_encoder/config.json': {} });
    await rm(join(path, 'text_encoder'), { recursive: true });
    expect((await failureOf(readFacts(path))).message).toContain(join('text_encoder', 'config.json'));
  });
});
