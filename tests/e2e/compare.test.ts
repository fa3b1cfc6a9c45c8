import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createClient, type ClosableClient } from '../../electron/contract/client.ts';
import { linkInMemory } from '../../electron/hosts/memory.ts';
import { describeInBrowser, openStudio, type OpenStudio } from './studio.ts';

const sample = fileURLToPath(new URL('../../resources/sample', import.meta.url));
const patience = 240_000;
const waiting = { timeout: patience, interval: 250 };

/** Trains the embedded base for two epochs on six pictures, for real, and waits for its pictures. */
async function trainBriefly(client: ClosableClient, folder: string): Promise<number> {
  const { datasetId } = await client.call('datasets.import', { paths: [folder] });
  await vi.waitUntil(async () => !(await client.call('datasets.get', { datasetId })).importing, waiting);
  const { captionSetId } = await client.call('captions.createSet', {
    datasetId,
    name: 'toys',
    source: { kind: 'fixed', text: 'a toy' },
  });
  const { rows } = await client.call('datasets.images', { datasetId, query: {}, offset: 0, limit: 1 });
  await client.call('datasets.holdOut', { imageIds: rows.map(({ id }) => id), heldOut: true });
  const usual = await client.call('runs.defaults', { datasetId });
  const { runIds } = await client.call('runs.start', {
    request: {
      ...usual,
      name: 'toys',
      captionSetIds: [captionSetId],
      train: { ...usual.train, epochs: 2, checkpoints: [1, 2], batchSize: 6 },
      prompts: [{ prompt: 'a toy' }],
      seeds: [0],
      recipe: { ...usual.recipe, sampler: 'ddim', steps: 3 },
    },
  });
  const runId = runIds[0]!;
  await vi.waitUntil(async () => (await client.call('runs.get', { runId })).status === 'finished', waiting);
  return runId;
}

const cell = (page: Page, row: number, column: number) => page.locator(`#cell-${row}-${column}`);
const readyIn = (page: Page, row: number) => page.locator(`[id^="cell-${row}-"][data-kind="ready"] img`);

/** Grey values of what a cell shows, for telling pictures apart. */
async function shot(page: Page, name: string): Promise<Buffer> {
  const picture = page.getByRole('region', { name: 'Large picture' }).getByRole('img', { name });
  await picture.waitFor();
  return await sharp(await picture.screenshot())
    .resize(16, 16)
    .greyscale()
    .raw()
    .toBuffer();
}

describeInBrowser('comparing in a browser', () => {
  let open: OpenStudio;
  let client: ClosableClient;
  const parent = mkdtempSync(path.join(tmpdir(), 'screenfold-toys-'));
  beforeAll(async () => {
    const folder = path.join(parent, 'toys');
    mkdirSync(folder);
    for (const name of readdirSync(sample)
      .filter((file) => file.endsWith('.webp'))
      .slice(0, 7)) {
      cpSync(path.join(sample, name), path.join(folder, name));
    }
    open = await openStudio();
    client = createClient(linkInMemory(Promise.resolve(open.studio)));
    await trainBriefly(client, folder);
  }, 2 * patience);
  afterAll(async () => {
    client.close();
    await open.close();
    rmSync(parent, { recursive: true, force: true });
  });

  test('shows a run from the base on, as its pictures come', async () => {
    const { page } = open;
    await page.getByRole('navigation').getByRole('link', { name: 'Compare' }).click();
    await expect.poll(() => readyIn(page, 0).count(), { timeout: patience }).toBe(3);
    expect(await page.getByRole('columnheader').allTextContents()).toEqual([
      '',
      'Baseepoch 0',
      expect.stringMatching(/^Epoch 1val \d\.\d{4}$/),
      expect.stringMatching(/^Epoch 2val \d\.\d{4}$/),
    ]);
  });

  test('scrubs the epochs of a large picture by keys, back to the very same picture', async () => {
    const { page } = open;
    await cell(page, 0, 0).click();
    const base = await shot(page, 'a toy, Base');
    await page.keyboard.press('End');
    const last = await shot(page, 'a toy, Epoch 2');
    expect(last.equals(base)).toBe(false);
    await page.keyboard.press('Home');
    expect((await shot(page, 'a toy, Base')).equals(base)).toBe(true);
    await page.keyboard.press('Escape');
    await page.getByRole('region', { name: 'Large picture' }).waitFor({ state: 'detached' });
  });

  test('has a new prompt’s pictures made over every checkpoint, cell by cell', async () => {
    const { page } = open;
    await page.getByRole('button', { name: 'Prompts and seeds' }).click();
    const drawer = page.getByRole('dialog');
    await drawer.getByLabel('New prompts').fill('a red ball');
    await drawer.getByRole('button', { name: 'Add prompt' }).click();
    await page.getByRole('rowheader', { name: 'a red ball' }).waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => readyIn(page, 1).count(), { timeout: patience }).toBe(3);
  });

  test('stands two pictures against each other, and shows where they differ', async () => {
    const { page } = open;
    await cell(page, 0, 0).click({ modifiers: ['ControlOrMeta'] });
    await cell(page, 0, 2).click({ modifiers: ['ControlOrMeta'] });
    const pair = page.getByRole('region', { name: 'Two pictures' });
    await pair.getByRole('slider').first().waitFor();
    await pair.getByText('Difference').click();
    await pair.getByText(/% of the pixels differ/).waitFor();
    await page.keyboard.press('Escape');
    await pair.waitFor({ state: 'detached' });
  });

  test('exports what is on the screen as a sheet, with its recipe in the file', async () => {
    const { page } = open;
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Export', exact: true }).click();
    await dialog.getByRole('img', { name: 'toys, comparison' }).waitFor({ timeout: patience });
    const [entry] = await client.call('exports.list', {});
    const { width, height, format } = await sharp(entry!.path).metadata();
    expect(format).toBe('png');
    expect(width).toBeGreaterThan(3 * 64);
    expect(height).toBeGreaterThan(2 * 64);
    expect(readFileSync(entry!.path).includes('a red ball')).toBe(true);
    await page.keyboard.press('Escape');
  });

  test('makes a single picture on the bench from the epoch that was looked at', async () => {
    const { page } = open;
    await cell(page, 1, 2).click();
    await page.getByRole('button', { name: 'Send to the bench' }).click();
    expect(await page.getByLabel('Prompt', { exact: true }).inputValue()).toBe('a red ball');
    await page.getByLabel('Steps').fill('2');
    await page.getByRole('button', { name: 'Make a picture' }).click();
    const result = page.getByRole('region', { name: 'Result' });
    await result.getByRole('img', { name: 'a red ball' }).waitFor({ timeout: patience });
    await page.getByText('1 picture', { exact: true }).waitFor();
  });

  test('complains of nothing', () => {
    expect(open.complaints).toEqual([]);
  });
});
