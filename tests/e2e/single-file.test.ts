import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { createClient } from '../../electron/connection/client.ts';
import { runJob } from '../../native/run-job.ts';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '../../native/weights/safetensors.ts';
import { writeSingleFileModel } from '../reference/single-file-models.ts';
import { linkInMemory } from '../studio/memory-link.ts';
import { drop } from './drop.ts';
import { describeInBrowser, type OpenStudio, openStudio, prepareLibrary } from './studio.ts';
import { makeToys, patience, waiting } from './toys.ts';

/** The file of a model, its VAE left out. */
async function writeWithoutVae(from: string, to: string): Promise<void> {
  const file = await openSafetensors(from);
  const tensors = [...file.tensors].map(([name, { shape }]): TensorToWrite => ({
    ...{ name, shape, dtype: 'F32' },
    data: () => file.readAs(name, 'float32'),
  }));
  await writeSafetensors(
    to,
    tensors.filter(({ name }) => !name.startsWith('first_stage_model.')),
  );
  await file.close();
}

const context = { emit: () => undefined, stop: new AbortController().signal };

describeInBrowser('a model in one file', () => {
  let open: OpenStudio;
  const parent = mkdtempSync(join(tmpdir(), 'screenfold-file-'));
  const libraryFolder = join(parent, 'library');
  let datasetId = 0;
  beforeAll(async () => {
    await writeSingleFileModel(parent, 1);
    await writeWithoutVae(join(parent, 'sd1.safetensors'), join(parent, 'bare.safetensors'));
    const folder = makeToys(parent);
    await prepareLibrary(libraryFolder, async (client) => {
      ({ datasetId } = await client.call('datasets.import', { paths: [folder] }));
      await vi.waitUntil(async () => !(await client.call('datasets.get', { datasetId })).importing, waiting);
    });
    open = await openStudio({ libraryFolder });
  }, 300_000);
  afterAll(async () => {
    await open.close();
    rmSync(parent, { recursive: true, force: true });
  });

  async function addFile(path: string): Promise<void> {
    const { page } = open;
    await page.getByRole('link', { name: 'Models' }).click();
    await page.getByText('Models', { exact: true }).last().click();
    await page.getByRole('button', { name: 'Add a model' }).click();
    await page.getByRole('menuitem', { name: /^One file/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('File').fill(path);
    await dialog.getByRole('button', { name: 'Add this file' }).click();
  }

  test('that is dropped comes to the library, and says what it is made of', async () => {
    const { page } = open;
    await drop(page, join(parent, 'sd1.safetensors'));
    await page.getByRole('heading', { name: 'sd1', level: 2 }).waitFor({ timeout: patience });
    for (const name of ['unet', 'vae', 'text_encoder'])
      await page.getByRole('cell', { name, exact: true }).waitFor({ timeout: patience });
    await page.getByRole('button', { name: 'Train from it' }).click();
    await expect.poll(() => page.getByRole('combobox', { name: 'Base model' }).inputValue()).toBe('sd1');
  });

  test('is trained without words where the images have no captions', async () => {
    const { page } = open;
    const train = page.getByRole('button', { name: 'Train', exact: true });
    await page.getByText('These images have no captions yet.').waitFor();
    expect(await train.isEnabled()).toBe(false);
    await page.getByRole('button', { name: 'Train without words' }).click();
    await page.getByRole('radio', { name: /^No words/ }).waitFor();
    await expect.poll(() => train.isEnabled(), { timeout: patience }).toBe(true);
  });

  test('is trained, and exported as a file that makes the run’s own picture', async () => {
    const { page, studio } = open;
    const client = createClient(linkInMemory(Promise.resolve(studio)));
    const models = await client.call('models.list', {});
    const base = models.find(({ name }) => name === 'sd1')!;
    const usual = await client.call('runs.defaults', { datasetId });
    const { runIds } = await client.call('runs.start', {
      request: {
        ...usual,
        name: 'small toys',
        baseModelId: base.id,
        resolution: 64,
        train: { ...usual.train, epochs: 1, checkpoints: [1], batchSize: 2 },
        prompts: [{ prompt: 'a toy' }],
        seeds: [0],
        recipe: { ...usual.recipe, sampler: 'ddim', steps: 2, width: 64, height: 64 },
      },
    });
    await page.goto(page.url().replace(/#.*$/, `#/runs/${runIds[0]!}`));
    await page.getByText('Finished, 1 epoch').waitFor({ timeout: patience });
    // Compared: the picture of its one epoch beside the untouched base's.
    const drawn = async () =>
      (await client.call('gallery.comparison', { runIds })).samples.filter(
        ({ status }) => status === 'ready',
      );
    await expect.poll(async () => (await drawn()).length, waiting).toBe(2);
    await page.getByRole('navigation').getByRole('link', { name: 'Compare' }).click();
    await page.getByRole('columnheader', { name: /^Epoch 1/ }).waitFor({ timeout: patience });
    const compared = (await drawn()).find(({ epoch }) => epoch === 1)!;
    await page.goto(page.url().replace(/#.*$/, `#/runs/${runIds[0]!}`));
    await page.getByRole('tab', { name: 'Epochs' }).click();
    await page.getByRole('button', { name: 'Actions for epoch 1' }).click();
    await page.getByRole('menuitem', { name: 'Export epoch 1…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: /^Model file/ }).click();
    await dialog.getByText('float32', { exact: true }).click();
    await dialog.getByRole('button', { name: 'Export', exact: true }).click();
    await dialog.getByLabel('Ready').waitFor({ timeout: patience });
    const text = await dialog.getByText(/^Model file · /).textContent();
    const exported = text?.split(' · ').at(-1) ?? '';
    expect(exported).toMatch(/\.safetensors$/);
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();

    // Dropped in again, it makes the very picture that was compared.
    await drop(page, exported);
    await page.getByRole('heading', { name: /^small toys/, level: 2 }).waitFor({ timeout: patience });
    const again = (await client.call('models.list', {})).find(({ name }) => name.startsWith('small toys'))!;
    expect(again.folder).toContain(libraryFolder);
    const { prompt, negativePrompt, seed, recipe } = compared;
    const output = join(parent, 'again.png');
    const picture = {
      ...{ ...recipe, model: { base: again.folder }, output, prompt, negativePrompt, seed },
      ...{ width: 64, height: 64 },
    };
    const device = { provider: 'cpu' } as const;
    await runJob({ kind: 'generate', pictures: [picture], batchSize: 1, device }, context);
    const { folder } = await client.call('runs.get', { runId: runIds[0]! });
    const samples = join(folder, 'samples', 'epoch-0001');
    const [own, ...others] = readdirSync(samples);
    expect(others).toEqual([]);
    expect(await sharp(output).raw().toBuffer()).toEqual(await sharp(join(samples, own!)).raw().toBuffer());
  });

  test('that lacks its VAE is lent one by a click', async () => {
    const { page } = open;
    await addFile(join(parent, 'bare.safetensors'));
    const dialog = page.getByRole('dialog', { name: 'bare.safetensors has no VAE' });
    await dialog.getByRole('button', { name: 'Take it from here: sd1' }).click();
    await page.getByRole('heading', { name: 'bare', level: 2 }).waitFor({ timeout: patience });
    await page.getByText(/^its VAE is lent by .*sd1\.safetensors$/).waitFor();
    await page.getByRole('button', { name: 'Change to velocity (v)' }).click();
    await page.getByText('it predicts velocity: you said so').waitFor({ timeout: patience });
  });

  test('kept the page free of errors', () => {
    expect(open.complaints).toEqual([]);
  });
});
