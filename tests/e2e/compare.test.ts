import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import type { ClosableClient } from '../../electron/connection/client.ts';
import { openSafetensors } from '../../native/weights/safetensors.ts';
import { readGifComment } from '../sheets/gif-comment.ts';
import { describeInBrowser, type OpenStudio, openStudio, prepareLibrary } from './studio.ts';
import { makeToys, patience, trainOnToys, waiting } from './toys.ts';

/** Trains for two epochs, for real. */
async function trainBriefly(client: ClosableClient, folder: string): Promise<void> {
  const runId = await trainOnToys(client, folder, 2, [1, 2]);
  await vi.waitUntil(async () => (await client.call('runs.get', { runId })).status === 'finished', waiting);
}

/** The newest entry of the library's `exports`, or of another of its folders. */
function newestIn(folder: string): string {
  const entries = readdirSync(folder).map((name) => join(folder, name));
  return entries.sort((a, b) => statSync(b).birthtimeMs - statSync(a).birthtimeMs)[0]!;
}

const cell = (page: Page, row: number, column: number) => page.locator(`#cell-${row}-${column}`);
const readyIn = (page: Page, row: number) => page.locator(`[id^="cell-${row}-"][data-kind="ready"] img`);
const large = (page: Page) => page.getByRole('region', { name: 'Large picture' });

/** Notes the large picture's name from now on, each time another one is on the screen, drawn and not only asked for. */
async function watchLargePicture(page: Page): Promise<() => Promise<readonly string[]>> {
  await page.evaluate(`{
    const seen = (window.seenPictures = []);
    const look = () => {
      const picture = document.querySelector('[aria-label="Large picture"] img');
      if (picture?.complete && picture.naturalWidth > 0 && seen.at(-1) !== picture.alt) seen.push(picture.alt);
      requestAnimationFrame(look);
    };
    look();
  }`);
  return () => page.evaluate<readonly string[]>('window.seenPictures');
}

/** What every picture file of an animation says of how it was made. */
interface RecipeInFile {
  readonly software: string;
  readonly runs: readonly { readonly name: string; readonly recipe: { readonly sampler: string } }[];
  readonly epochs: readonly number[];
  readonly prompts: readonly { readonly prompt: string }[];
  readonly seeds: readonly number[];
}

function recipeIn(file: string, xmp: string | undefined): RecipeInFile {
  const written = file.endsWith('.gif')
    ? readGifComment(readFileSync(file))
    : /<rdf:li[^>]*>(.*?)<\/rdf:li>/s.exec(xmp ?? '')?.[1];
  return JSON.parse(written ?? 'null') as RecipeInFile;
}

/** Grey values of what a cell shows, for telling pictures apart. */
async function shot(page: Page, name: string): Promise<Buffer> {
  const picture = large(page).getByRole('img', { name });
  await picture.waitFor();
  return await sharp(await picture.screenshot())
    .resize(16, 16)
    .greyscale()
    .raw()
    .toBuffer();
}

describeInBrowser('comparing in a browser', () => {
  let open: OpenStudio;
  const parent = mkdtempSync(join(tmpdir(), 'screenfold-toys-'));
  const libraryFolder = join(parent, 'library');
  const exports = join(libraryFolder, 'exports');
  beforeAll(async () => {
    const folder = makeToys(parent);
    await prepareLibrary(libraryFolder, (client) => trainBriefly(client, folder));
    open = await openStudio({ libraryFolder });
  }, 2 * patience);
  afterAll(async () => {
    await open.close();
    rmSync(parent, { recursive: true, force: true });
  });

  test('shows a run from the base on, as its pictures come', async () => {
    const { page } = open;
    await page.getByRole('navigation').getByRole('link', { name: 'Compare' }).click();
    await expect.poll(() => readyIn(page, 0).count(), { timeout: patience }).toBe(3);
    expect(await page.getByRole('columnheader').allTextContents()).toEqual([
      'Rows',
      expect.stringMatching(/^Baseheld out \d\.\d{4}$/),
      expect.stringMatching(/^Epoch 1held out \d\.\d{4}$/),
      expect.stringMatching(/^Epoch 2held out \d\.\d{4}$/),
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
    await page.keyboard.press('ArrowRight');
    const first = await shot(page, 'a toy, Epoch 1');
    expect(first.equals(base) || first.equals(last)).toBe(false);
    await page.keyboard.press('ArrowRight');
    expect((await shot(page, 'a toy, Epoch 2')).equals(last)).toBe(true);
    // There is nothing after the last.
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowLeft');
    expect((await shot(page, 'a toy, Epoch 1')).equals(first)).toBe(true);
    await page.keyboard.press('Home');
  });

  test('plays the epochs over and over, and stands still where it is paused', async () => {
    const { page } = open;
    await page.getByRole('combobox', { name: 'Epochs per second' }).click();
    await page.getByRole('option', { name: '8 / s' }).click();
    const seen = await watchLargePicture(page);
    await page.getByRole('button', { name: 'Play the epochs' }).click();
    const [base, first, second] = ['Base', 'Epoch 1', 'Epoch 2'].map(
      (epoch) => `a toy, ${epoch}, seed 0, toys`,
    );
    await expect.poll(async () => (await seen()).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(8);
    expect((await seen()).slice(0, 8)).toEqual([base, first, second, base, first, second, base, first]);
    await page.keyboard.press('p');
    await page.getByRole('button', { name: 'Play the epochs' }).waitFor();
    const slider = page.getByRole('slider', { name: 'Epoch', exact: true });
    const pausedAt = await slider.getAttribute('aria-valuenow');
    await page.waitForTimeout(1000);
    expect(await slider.getAttribute('aria-valuenow')).toBe(pausedAt);
    // A tooltip, too, takes Escape for itself.
    await large(page).hover();
    await page.keyboard.press('Escape');
    await large(page).waitFor({ state: 'detached' });
  });

  test('scrubs the whole grid by the arrows of the ruler where epochs stand neither across nor down', async () => {
    const { page } = open;
    const address = () => cell(page, 0, 0).locator('img').getAttribute('src');
    await page.keyboard.press('Home');
    await page.keyboard.press('3');
    await page.getByRole('columnheader', { name: 'seed 0' }).waitFor();
    const slider = page.getByRole('slider', { name: 'Epoch', exact: true });
    await slider.press('Home');
    const base = await address();
    await slider.press('ArrowRight');
    await expect.poll(() => slider.getAttribute('aria-valuetext')).toBe('Epoch 1');
    const first = await address();
    await slider.press('ArrowRight');
    await expect.poll(() => slider.getAttribute('aria-valuetext')).toBe('Epoch 2');
    expect(new Set([base, first, await address()]).size).toBe(3);
    await slider.press('ArrowLeft');
    await slider.press('ArrowLeft');
    await expect.poll(address).toBe(base);
    await page.keyboard.press('1');
    await page.getByRole('columnheader', { name: 'Base' }).waitFor();
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
    const file = newestIn(exports);
    const { width, height, format } = await sharp(file).metadata();
    expect(format).toBe('png');
    expect(width).toBeGreaterThan(3 * 64);
    expect(height).toBeGreaterThan(2 * 64);
    expect(readFileSync(file).includes('a red ball')).toBe(true);
    await page.keyboard.press('Escape');
  });

  test.each(['gif', 'webp'] as const)(
    'exports the development as %s: a frame for each epoch, with its recipe in the file',
    async (format) => {
      const { page } = open;
      await page.getByRole('button', { name: 'Export', exact: true }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText(`Animation, ${format === 'gif' ? 'GIF' : 'WebP'}`).click();
      await dialog.getByRole('slider', { name: 'Seconds per epoch' }).press('Home');
      await dialog.getByRole('button', { name: 'Export', exact: true }).click();
      const shown = dialog.getByRole('img', { name: 'toys, development' });
      await shown.waitFor({ timeout: patience });
      await expect
        .poll(() =>
          page.evaluate(`document.querySelector('[role=dialog] img[alt="toys, development"]').naturalWidth`),
        )
        .toBeGreaterThan(2 * 64);
      const file = newestIn(exports);
      const metadata = await sharp(file, { pages: -1 }).metadata();
      expect([metadata.format, metadata.pages, metadata.loop]).toEqual([format, 3, 0]);
      expect(metadata.delay).toEqual([100, 100, 3000]);
      const frames = await Promise.all([0, 1, 2].map((page) => sharp(file, { page }).raw().toBuffer()));
      expect(frames[0]!.equals(frames[1]!) || frames[1]!.equals(frames[2]!)).toBe(false);
      const recipe = recipeIn(file, metadata.xmpAsString);
      expect(recipe).toMatchObject({ software: 'Screenfold', epochs: [0, 1, 2], seeds: [0] });
      expect(recipe.runs.map(({ name, recipe: { sampler } }) => [name, sampler])).toEqual([['toys', 'ddim']]);
      expect(recipe.prompts.map(({ prompt }) => prompt)).toEqual(['a toy', 'a red ball']);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
    },
  );

  test('keeps a favourite, over a reload too, and exports the very epoch that made it', async () => {
    const { page } = open;
    await cell(page, 1, 1).click();
    await page.keyboard.press('Escape');
    await page.keyboard.press('f');
    await cell(page, 1, 1).getByRole('img', { name: 'Favourite' }).waitFor();
    await page.reload();
    await page.getByText('Favourites', { exact: true }).click();
    expect(await page.getByRole('button', { name: /^a toy,/ }).count()).toBe(0);
    await page.getByRole('button', { name: 'a red ball, Epoch 1, seed 0, toys' }).click();
    await large(page).getByRole('img', { name: 'a red ball, Epoch 1' }).waitFor();

    await large(page).getByRole('button', { name: 'Export this epoch…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('float32', { exact: true }).click();
    await dialog.getByRole('button', { name: 'Export', exact: true }).click();
    await dialog.getByLabel('Ready').waitFor({ timeout: patience });
    const unet = join('unet', 'diffusion_pytorch_model.safetensors');
    const run = newestIn(join(libraryFolder, 'runs'));
    const weightsIn = async (folder: string) => {
      const file = await openSafetensors(join(folder, unet));
      return file.readAs('conv_in.weight', 'float32').finally(() => file.close());
    };
    const [exported, first, second] = await Promise.all([
      weightsIn(newestIn(exports)),
      weightsIn(join(run, 'checkpoints', 'epoch-0001')),
      weightsIn(join(run, 'checkpoints', 'epoch-0002')),
    ]);
    expect(exported).toEqual(first);
    expect(exported).not.toEqual(second);
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    // Until it is gone, keys are its own.
    await dialog.waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await large(page).waitFor({ state: 'detached' });
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

  test('tries two learning rates, and compares them by one click', async () => {
    const { page } = open;
    await page.goto(page.url().replace(/(?:\?.*)?#.*$/, '#/runs/1'));
    await page.getByRole('button', { name: 'More for toys' }).click();
    await page.getByRole('menuitem', { name: 'Use its settings again' }).click();
    await page.getByRole('heading', { name: 'Train', level: 1 }).waitFor();
    await page.getByLabel('Name', { exact: true }).fill('tried');
    await page.getByLabel('Epochs', { exact: true }).fill('1');
    await page.getByRole('button', { name: /^Try out:/ }).click();
    await page.getByRole('combobox', { name: 'Setting to try several values of' }).click();
    await page.getByRole('option', { name: 'Learning rate' }).click();
    const tried = page.getByRole('region', { name: 'Try out' });
    await tried.getByRole('textbox', { name: 'Learning rate' }).fill('1e-4, 2e-4');
    await page.getByText('1 in each of 2 runs, 2 in all').waitFor();
    await page.getByRole('button', { name: 'Train 2 runs' }).click();
    const notice = page.getByRole('button', { name: 'Compare them in one grid' });
    await notice.waitFor({ timeout: patience });
    await notice.click();
    for (const name of ['tried, rate 1e-4', 'tried, rate 2e-4'])
      await page.getByText(name, { exact: true }).first().waitFor({ timeout: patience });
    const ready = page.locator('[id^="cell-"][data-kind="ready"] img');
    await expect.poll(() => ready.count(), waiting).toBeGreaterThan(0);
  });

  test('teaches a new word, and draws what it was taught', async () => {
    const { page } = open;
    await page.goto(page.url().replace(/(?:\?.*)?#.*$/, '#/runs/1'));
    await page.getByRole('button', { name: 'More for toys' }).click();
    await page.getByRole('menuitem', { name: 'Use its settings again' }).click();
    await page.getByRole('heading', { name: 'Train', level: 1 }).waitFor();
    await page.getByText('New word', { exact: true }).click();
    await page.getByRole('textbox', { name: 'Word', exact: true }).fill('<ball>');
    await page.getByLabel('Name', { exact: true }).fill('taught');
    await page.getByLabel('Epochs', { exact: true }).fill('1');
    await page.getByRole('button', { name: /^Pictures:/ }).click();
    await page.getByRole('textbox', { name: 'Prompt 1', exact: true }).fill('a <ball>');
    await page.getByText('1 epoch, the base and 1 checkpoint').waitFor();
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.waitForURL(/#\/runs\/\d+$/);
    await page.getByAltText(/^a <ball>.*epoch 1$/).waitFor({ timeout: patience });
    await page.getByRole('button', { name: 'Actions for epoch 1' }).first().click();
    await page.getByRole('menuitem', { name: 'Export epoch 1…' }).waitFor();
    expect(await page.getByRole('menuitem', { name: 'Keep as a model…' }).count()).toBe(0);
    await page.keyboard.press('Escape');
  });

  test('complains of nothing', () => {
    expect(open.complaints).toEqual([]);
  });
});
