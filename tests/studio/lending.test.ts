import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { startEngine } from '../../electron/engine/engine-process.ts';
import { readModelNote } from '../../native/files/model-note.ts';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '../../native/weights/safetensors.ts';
import { temporaryFolder as lastingFolder } from '../images/pictures.ts';
import { writeSingleFileModel } from '../reference/single-file-models.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { openStudio } from './open-studio.ts';

const made = lastingFolder();
const at = (...names: readonly string[]): string => join(made.path, ...names);
beforeAll(async () => {
  await writeSingleFileModel(made.path, 1);
  await writeSingleFileModel(made.path, 2);
  const file = await openSafetensors(at('sd1.safetensors'));
  const tensors = [...file.tensors].map(([name, { shape }]): TensorToWrite => ({
    ...{ name, shape, dtype: 'F32' },
    data: () => file.readAs(name, 'float32'),
  }));
  const bare = tensors.filter(({ name }) => !name.startsWith('first_stage_model.'));
  await writeSafetensors(at('bare.safetensors'), bare);
  await file.close();
}, 60_000);

const withEngine = (libraryFolder = temporaryFolder()) =>
  openStudio({ libraryFolder, engine: startEngine(), checkOutput: true });

describe('a model file that lacks its VAE', () => {
  test('is not added alone; the models that can lend it are named', async () => {
    const { client } = await withEngine();
    const path = at('bare.safetensors');
    await expect(client.call('models.add', { path })).rejects.toMatchObject({
      code: 'model-part-missing',
      message: `${path} is a Stable Diffusion 1.x without its VAE.`,
    });
    expect(await client.call('models.lenders', { path })).toEqual({
      ...{ name: 'bare.safetensors', label: 'Stable Diffusion 1.x', lacks: ['VAE'], lenders: [] },
    });
    const { modelId } = await client.call('models.add', { path: at('sd1.safetensors') });
    // The one that comes with Screenfold has latents of another kind.
    expect((await client.call('models.lenders', { path }))?.lenders).toEqual([{ modelId, name: 'sd1' }]);
    expect(await client.call('models.lenders', { path: at('sd1.safetensors') })).toBeNull();
  });

  test('is whole with a lender, which it remembers over a start', async () => {
    const libraryFolder = temporaryFolder();
    const first = await withEngine(libraryFolder);
    const lender = await first.client.call('models.add', { path: at('sd1.safetensors') });
    const path = at('bare.safetensors');
    const { modelId } = await first.client.call('models.add', { path, lender });
    // Asked for again, it is the same model.
    expect(await first.client.call('models.add', { path })).toEqual({ modelId });
    first.client.close();
    await first.studio.close();
    const { client } = await withEngine(libraryFolder);
    const model = await client.call('models.get', { modelId });
    expect(model).toMatchObject({ name: 'bare', kind: 'folder', folder: path, missing: false });
    expect(model.components.map(({ name }) => name).sort()).toEqual(['text_encoder', 'unet', 'vae']);
    expect(await client.call('models.reasons', { modelId })).toMatchObject({
      reasons: expect.arrayContaining([`its VAE is lent by ${at('sd1.safetensors')}`]) as string[],
      gone: null,
    });
    // Only the note lies in the library: nothing was converted or copied.
    expect(readdirSync(join(libraryFolder, 'models'))).toEqual(['bare.model.json']);
    await client.call('models.remove', { modelId });
    expect(existsSync(path)).toBe(true);
  });

  test('whose lender was removed says so, and takes another', async () => {
    const libraryFolder = temporaryFolder();
    const { client } = await withEngine(libraryFolder);
    await cp(at('sd1.safetensors'), at('lender.safetensors'));
    const path = at('bare.safetensors');
    const { modelId } = await client.call('models.add', { path, lender: { path: at('lender.safetensors') } });
    rmSync(at('lender.safetensors'));
    expect(await client.call('models.get', { modelId })).toMatchObject({ missing: true, folder: path });
    expect((await client.call('models.reasons', { modelId })).gone).toBe(at('lender.safetensors'));
    await expect(client.call('models.add', { path })).rejects.toMatchObject({ code: 'model-part-missing' });
    const again = await client.call('models.add', { path, lender: { path: at('sd1') } });
    expect(again).toEqual({ modelId });
    expect(await client.call('models.get', { modelId })).toMatchObject({ missing: false });
    const note = await readModelNote(join(libraryFolder, 'models', 'bare.model.json'));
    expect(note?.parts).toEqual({ vae: at('sd1') });
  });

  test('is refused with what lends nothing that fits, and leaves nothing behind', async () => {
    const libraryFolder = temporaryFolder();
    const { client } = await withEngine(libraryFolder);
    const path = at('bare.safetensors');
    for (const lender of [at('bare.safetensors'), at('sd1', 'tokenizer'), at('nowhere.safetensors')])
      await expect(client.call('models.add', { path, lender: { path: lender } })).rejects.toMatchObject({
        code: expect.stringMatching(/^lender-/) as string,
      });
    expect(readdirSync(join(libraryFolder, 'models'))).toEqual([]);
  });

  test('that a browser sent becomes the library’s, or goes again', async () => {
    const libraryFolder = temporaryFolder();
    const { client } = await withEngine(libraryFolder);
    const send = (name: string) => {
      mkdirSync(join(libraryFolder, 'uploads', 'sent-to-the-studio'), { recursive: true });
      copyFileSync(at(name), join(libraryFolder, 'uploads', 'sent-to-the-studio', name));
      return client.call('models.takeUploaded', { uploadId: 'sent-to-the-studio' });
    };
    const {
      paths: [bare],
    } = await send('bare.safetensors');
    await expect(client.call('models.add', { path: bare! })).rejects.toMatchObject({
      code: 'model-part-missing',
    });
    await client.call('models.discardUploaded', { path: bare! });
    await client.call('models.discardUploaded', { path: at('sd1.safetensors') });
    expect([existsSync(bare!), existsSync(at('sd1.safetensors'))]).toEqual([false, true]);
    const {
      paths: [whole],
    } = await send('sd1.safetensors');
    const { modelId } = await client.call('models.add', { path: whole! });
    expect(await client.call('models.get', { modelId })).toMatchObject({ name: 'sd1', missing: false });
    await client.call('models.remove', { modelId });
    expect(readdirSync(join(libraryFolder, 'models'))).toEqual([]);
    expect(readdirSync(join(libraryFolder, 'uploads'))).toEqual([]);
  });
});

describe('what a model predicts', () => {
  test('is tried where nothing says it, and noted with what was seen', async () => {
    // Whose answer to anything is nothing: as of velocity, none of the noise is in it.
    const file = await openSafetensors(at('sd2.safetensors'));
    const tensors = [...file.tensors].map(([name, { shape }]): TensorToWrite => ({
      ...{ name, shape, dtype: 'F32' },
      data: async () => {
        const numbers = await file.readAs(name, 'float32');
        return name.startsWith('model.diffusion_model.out.2.') ? numbers.fill(0) : numbers;
      },
    }));
    await writeSafetensors(at('silent.safetensors'), tensors);
    await file.close();
    const { client } = await withEngine();
    const { modelId } = await client.call('models.add', { path: at('silent.safetensors') });
    expect((await client.call('models.reasons', { modelId })).reasons).toContain(
      'it predicts velocity: tried on pure noise, it gave 0 % of that back, where a model of noise gives all',
    );
    expect(await client.call('models.get', { modelId })).toMatchObject({
      ...{ prediction: 'v_prediction', name: 'silent', folder: at('silent.safetensors') },
    });
  });

  test('is changed by a person, told with that reason, and remembered', async () => {
    const libraryFolder = temporaryFolder();
    const { client } = await withEngine(libraryFolder);
    const { modelId } = await client.call('models.add', { path: at('sd2.safetensors') });
    expect(await client.call('models.get', { modelId })).toMatchObject({
      ...{ prediction: 'v_prediction', resolution: 768 },
    });
    await client.call('models.setPrediction', { modelId, prediction: 'epsilon' });
    expect(await client.call('models.get', { modelId })).toMatchObject({
      ...{ prediction: 'epsilon', resolution: 512, folder: at('sd2.safetensors'), missing: false },
    });
    expect((await client.call('models.reasons', { modelId })).reasons).toContain(
      'it predicts noise: you said so',
    );
    expect(await client.call('models.add', { path: at('sd2.safetensors') })).toEqual({ modelId });
  });
});
