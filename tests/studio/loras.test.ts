import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import type { ClosableClient } from '../../electron/connection/client.ts';
import { StudioFailure } from '../../electron/connection/studio-failure.ts';
import { startEngine } from '../../electron/engine/engine-process.ts';
import type { GenerateJob } from '../../native/jobs.ts';
import { drawingEngine } from '../hosts/drawing-engine.ts';
import { temporaryFolder as lastingFolder } from '../images/pictures.ts';
import { writeLoraModels } from '../reference/lora-models.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { openStudio } from './open-studio.ts';

const made = lastingFolder();
const at = (name: string): string => join(made.path, name);
beforeAll(async () => {
  await writeLoraModels(made.path);
});

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (error instanceof StudioFailure) return error.code;
  throw error instanceof Error ? error : new Error('It did not fail.');
}

const recipe = { sampler: 'ddim', steps: 2, guidanceScale: 2, width: 32, height: 32 } as const;

/** A library with the tiny model, whose configs a real engine has read, and a LoRA. */
async function withModel(client: ClosableClient): Promise<{ modelId: number; loraId: number }> {
  const { modelId } = await client.call('models.add', { path: at('model') });
  const { loraId } = await client.call('loras.add', { path: at('kohya.safetensors') });
  return { modelId, loraId };
}

describe('a LoRA in the library', () => {
  test('is listed with what its file says, renamed and removed; its file stays', async () => {
    const { client } = await openStudio();
    const { loraId } = await client.call('loras.add', { path: at('locon.safetensors') });
    expect(await client.call('loras.add', { path: at('locon.safetensors') })).toEqual({ loraId });
    expect(await client.call('loras.list', {})).toEqual([
      expect.objectContaining({
        ...{ id: loraId, name: 'locon', path: at('locon.safetensors'), missing: false },
        ...{ form: 'locon', base: null, ranks: [3], naming: 'kohya', words: [], dtype: 'F32' },
      }),
    ]);
    await client.call('loras.rename', { loraId, name: 'With convolutions' });
    expect((await client.call('loras.list', {}))[0]).toMatchObject({ name: 'With convolutions' });
    await client.call('loras.remove', { loraId });
    expect(await client.call('loras.list', {})).toEqual([]);
    expect(existsSync(at('locon.safetensors'))).toBe(true);
  });

  test('is no file of anything else', async () => {
    const { client } = await openStudio();
    const path = join(at('model'), 'unet', 'diffusion_pytorch_model.safetensors');
    expect(await codeOf(client.call('loras.add', { path }))).toBe('not-a-lora');
  });

  test('that a browser sent becomes the library’s, and goes with its entry', async () => {
    const libraryFolder = temporaryFolder();
    const { client } = await openStudio({ libraryFolder });
    const sent = join(libraryFolder, 'uploads', 'aaaaaaaa-1');
    mkdirSync(sent);
    copyFileSync(at('peft.safetensors'), join(sent, 'my style.safetensors'));
    const { loraIds } = await client.call('loras.addUploaded', { uploadId: 'aaaaaaaa-1' });
    const file = join(libraryFolder, 'loras', 'my style.safetensors');
    expect(await client.call('loras.list', {})).toMatchObject([
      { id: loraIds[0], name: 'my style', path: file },
    ]);
    expect([existsSync(sent), existsSync(file)]).toEqual([false, true]);
    await client.call('loras.remove', { loraId: loraIds[0]! });
    expect(existsSync(file)).toBe(false);
  });
});

describe('a LoRA on the bench', () => {
  test('is told to fit or not, and laid over the model of a picture', async () => {
    const { engine, jobs } = drawingEngine();
    const both = startEngine();
    const { client } = await openStudio({
      engine: { run: (job, options) => (job.kind === 'info' ? both : engine).run(job, options) },
    });
    const { modelId, loraId } = await withModel(client);
    const { modelId: seedling } = { modelId: (await client.call('models.list', {})).at(-1)!.id };
    const fits = async (id: number) =>
      client.call('gallery.fittingLoras', { model: { kind: 'model', modelId: id } });
    expect(await fits(modelId)).toEqual([{ loraId, problem: null }]);
    expect(await fits(seedling)).toEqual([
      { loraId, problem: expect.stringContaining('cannot be used as a LoRA here') as string },
    ]);

    const request = { model: { kind: 'model', modelId } as const, prompt: 'a cat', seeds: [1], recipe };
    const loras = [{ loraId, strength: 0.8 }];
    const { sampleIds } = await client.call('gallery.generate', { ...request, loras });
    const sample = () => client.call('gallery.sample', { sampleId: sampleIds[0]! });
    await expect.poll(sample, { timeout: 10_000 }).toMatchObject({
      status: 'ready',
      loras: [{ loraId, name: 'kohya', strength: 0.8 }],
    });
    const generated = jobs.filter((job): job is GenerateJob => job.kind === 'generate');
    expect(generated[0]!.pictures[0]!.model).toEqual({
      base: at('model'),
      loras: [{ file: at('kohya.safetensors'), strength: 0.8 }],
    });

    // The picture stays what it was; another one cannot be made of what is gone.
    await client.call('loras.remove', { loraId });
    expect((await sample()).loras).toHaveLength(1);
    expect(await codeOf(client.call('gallery.generate', { ...request, loras }))).toBe('lora-missing');
  });

  test('whose file is gone is named by the picture that wants it', async () => {
    const both = startEngine();
    const { client } = await openStudio({ engine: both });
    const copy = at('copy.safetensors');
    copyFileSync(at('kohya.safetensors'), copy);
    const { modelId } = await withModel(client);
    const { loraId } = await client.call('loras.add', { path: copy });
    rmSync(copy);
    expect((await client.call('loras.list', {}))[0]).toMatchObject({ id: loraId, missing: true });
    const { sampleIds } = await client.call('gallery.generate', {
      ...{ model: { kind: 'model', modelId }, prompt: 'a cat', seeds: [1], recipe },
      loras: [{ loraId, strength: 1 }],
    });
    await expect
      .poll(() => client.call('gallery.sample', { sampleId: sampleIds[0]! }), { timeout: 10_000 })
      .toMatchObject({ status: 'failed', failure: { code: 'lora-missing' } });
  });
});

test('a model is exported with LoRAs merged into it', async () => {
  const { client } = await openStudio({ engine: startEngine() });
  const { modelId, loraId } = await withModel(client);
  await client.call('exports.merged', {
    ...{ modelId, format: 'diffusers', precision: 'float32' },
    loras: [{ loraId, strength: 0.5 }],
  });
  await expect
    .poll(async () => (await client.call('exports.list', {}))[0], { timeout: 60_000 })
    .toMatchObject({ status: 'ready', title: 'model with kohya', kind: 'diffusers' });
  const [entry] = await client.call('exports.list', {});
  expect(existsSync(join(entry!.path, 'unet', 'diffusion_pytorch_model.safetensors'))).toBe(true);
});
