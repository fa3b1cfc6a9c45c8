import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createClient } from '../../electron/connection/client.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { writeLoraModels } from '../reference/lora-models.ts';
import { linkInMemory } from '../studio/memory-link.ts';
import { drop } from './drop.ts';
import { describeInBrowser, type OpenStudio, openStudio, prepareLibrary } from './studio.ts';
import { patience, waiting } from './toys.ts';

describeInBrowser('a LoRA', () => {
  let open: OpenStudio;
  const parent = mkdtempSync(join(tmpdir(), 'screenfold-loras-'));
  const libraryFolder = join(parent, 'library');
  beforeAll(async () => {
    await writeLoraModels(parent);
    await prepareLibrary(libraryFolder, async (client) => {
      await client.call('models.add', { path: join(parent, 'model') });
    });
    open = await openStudio({ libraryFolder });
  }, 300_000);
  afterAll(async () => {
    await open.close();
    rmSync(parent, { recursive: true, force: true });
  });

  /** Makes a picture on the bench, waits for it, and gives its pixels. */
  async function make(): Promise<Buffer> {
    const { page, studio } = open;
    const client = createClient(linkInMemory(Promise.resolve(studio)));
    const { total: before } = await client.call('gallery.history', {});
    await page.getByRole('button', { name: 'Make a picture' }).click();
    const newest = async () => (await client.call('gallery.history', {})).samples[0];
    await expect.poll(async () => (await client.call('gallery.history', {})).total, waiting).toBe(before + 1);
    await expect.poll(async () => (await newest())?.status, waiting).toBe('ready');
    const file = join(libraryFolder, 'pictures', `${(await newest())!.id}.png`);
    client.close();
    return sharp(file).raw().toBuffer();
  }

  test('that is dropped comes to the library, whichever screen it falls on', async () => {
    const { page } = open;
    await drop(page, join(parent, 'kohya.safetensors'));
    const entry = page.getByRole('listitem', { name: 'kohya' });
    await entry.getByText(/^LoRA, rank 2 · /).waitFor({ timeout: patience });
    await drop(page, join(parent, 'locon.safetensors'));
    await page
      .getByRole('listitem', { name: 'locon' })
      .getByText(/^LoRA with convolutions \(LoCon\), rank 3/)
      .waitFor({ timeout: patience });
    await entry.getByRole('button', { name: 'Try it' }).click();
  });

  test('is laid over the model on the bench, as strongly as is said, and not at all at 0', async () => {
    const { page } = open;
    await page.getByLabel('Prompt', { exact: true }).fill('a red square on blue');
    await page.getByLabel('Steps').fill('3');
    await expect.poll(() => page.getByRole('combobox', { name: 'LoRA' }).inputValue()).toBe('kohya');
    const whole = await make();
    await page.getByText('model + kohya 1,').waitFor();
    await page.getByLabel('Strength').fill('0');
    const nothing = await make();
    await page.getByLabel('Strength').fill('0.5');
    const half = await make();
    await page.getByRole('button', { name: 'Add a LoRA' }).click();
    const both = await make();
    await page.getByText('model + kohya 0.5 + locon 1,').waitFor();
    for (const name of ['kohya', 'locon'])
      await page.getByRole('button', { name: `Leave ${name} out` }).click();
    const plain = await make();

    expect(nothing).toEqual(plain);
    const different = [whole, half, both, plain];
    for (const [index, picture] of different.entries())
      for (const other of different.slice(index + 1))
        expect(maxDifference(picture, other)).toBeGreaterThan(2);
  });

  test('that fits no chosen model says so', async () => {
    const { page } = open;
    await page
      .getByRole('combobox', { name: 'Model' })
      .or(page.getByLabel('Model', { exact: true }))
      .first()
      .click();
    await page.getByRole('option', { name: 'Seedling' }).click();
    await page.getByRole('button', { name: 'No LoRA fits this model' }).waitFor({ timeout: patience });
  });

  test('is merged into a model that is exported, renamed and removed', async () => {
    const { page } = open;
    await page.goto(page.url().replace(/#.*$/, '#/models/loras'));
    const menuOf = (name: string) => page.getByRole('button', { name: `More for ${name}` });
    await menuOf('kohya').click();
    await page.getByRole('menuitem', { name: 'Merge into a model…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Strength').fill('0.8');
    await dialog.getByRole('button', { name: 'Merge and export' }).click();
    await dialog.getByLabel('Ready').waitFor({ timeout: patience });
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    await menuOf('kohya').click();
    await page.getByRole('menuitem', { name: 'Rename…' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('My style');
    await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('listitem', { name: 'My style' }).getByRole('button', { name: 'Train on' }).click();
    await expect
      .poll(() => page.getByRole('combobox', { name: 'Begins' }).inputValue())
      .toBe('With My style, rank 2');
    await page.goto(page.url().replace(/#.*$/, '#/models/loras'));
    await menuOf('locon').click();
    await page.getByRole('menuitem', { name: 'Remove…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove LoRA' }).click();
    await page.getByRole('listitem', { name: 'locon' }).waitFor({ state: 'detached' });
  });

  test('kept the page free of errors', () => {
    expect(open.complaints).toEqual([]);
  });
});
