import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import type { ClosableClient } from '../../electron/connection/client.ts';
import { axeFindings } from './axe.ts';
import { describeInBrowser, type OpenStudio, openStudio, prepareLibrary } from './studio.ts';
import { makeToys, patience, trainOnToys, waiting } from './toys.ts';

/** A run of two epochs with its pictures, one of them a favourite, a kept model and an export. */
async function prepare(client: ClosableClient, folder: string): Promise<void> {
  const runId = await trainOnToys(client, folder, 2, [1, 2]);
  await vi.waitUntil(async () => (await client.call('runs.get', { runId })).status === 'finished', waiting);
  await client.call('models.keep', { runId, epoch: 1, name: 'Kept' });
  await vi.waitUntil(async () => {
    const { samples } = await client.call('gallery.comparison', { runIds: [runId] });
    return samples.length === 3 && samples.every(({ status }) => status === 'ready');
  }, waiting);
  const { samples } = await client.call('gallery.comparison', { runIds: [runId] });
  await client.call('gallery.setFavourite', { sampleId: samples[0]!.id, favourite: true });
  await client.call('exports.model', { runId, epoch: 2, format: 'diffusers' });
  // Compared with its data once somebody asks, which is before the page does.
  await vi.waitUntil(
    async () => (await client.call('gallery.likeness', { runId })).state !== 'working',
    waiting,
  );
  await vi.waitUntil(
    async () => (await client.call('exports.list', {})).every(({ status }) => status === 'ready'),
    waiting,
  );
}

const button = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name, exact: typeof name === 'string' }).first();

/** A screen as it opens, or what is opened on it. */
interface Sight {
  readonly name: string;
  readonly path: string;
  /** Something that stands there once it is whole. */
  readonly ready: (page: Page) => Promise<unknown>;
  readonly open?: (page: Page) => Promise<unknown>;
}

const heading = (name: string | RegExp) => (page: Page) =>
  page.getByRole('heading', { name, level: 1 }).waitFor();
const choose = async (page: Page, field: string, name: string) => {
  await page.getByRole('combobox', { name: field }).click();
  await page.getByRole('option', { name, exact: true }).click();
};
const dialog = (page: Page) => page.getByRole('dialog').first().waitFor();

const sights: readonly Sight[] = [
  { name: 'data sets', path: '/datasets', ready: (page) => page.getByRole('listitem').first().waitFor() },
  {
    name: 'removing a data set',
    path: '/datasets',
    ready: (page) => page.getByRole('listitem').first().waitFor(),
    open: async (page) => {
      await button(page, /^More for/).click();
      await page.getByRole('menuitem', { name: 'Remove…' }).click();
      await dialog(page);
    },
  },
  {
    name: 'choosing a folder',
    path: '/datasets',
    ready: (page) => page.getByRole('listitem').first().waitFor(),
    open: async (page) => {
      await button(page, 'Add folder…').click();
      await dialog(page);
      await page.getByText(/directly in this folder/).waitFor();
    },
  },
  {
    name: 'images',
    path: '/datasets/2',
    ready: (page) => page.getByRole('listbox', { name: 'Images' }).getByRole('option').first().waitFor(),
  },
  {
    name: 'an image looked at',
    path: '/datasets/2',
    ready: (page) => page.getByRole('listbox', { name: 'Images' }).getByRole('option').first().waitFor(),
    open: (page) => page.getByRole('listbox', { name: 'Images' }).getByRole('option').first().click(),
  },
  {
    name: 'holding out',
    path: '/datasets/2',
    ready: (page) => page.getByRole('listbox', { name: 'Images' }).getByRole('option').first().waitFor(),
    open: async (page) => {
      await button(page, 'Hold out…').click();
      await page.getByRole('radio', { name: 'By a list of names' }).click();
    },
  },
  {
    name: 'captions',
    path: '/datasets/1/captions',
    ready: (page) =>
      page
        .getByText(/captioned/)
        .first()
        .waitFor(),
  },
  {
    name: 'find and replace',
    path: '/datasets/1/captions',
    ready: (page) =>
      page
        .getByText(/captioned/)
        .first()
        .waitFor(),
    open: (page) => page.getByRole('tab', { name: 'Find and replace' }).click(),
  },
  {
    name: 'tags',
    path: '/datasets/1/captions',
    ready: (page) =>
      page
        .getByText(/captioned/)
        .first()
        .waitFor(),
    open: (page) => page.getByRole('tab', { name: 'Tags' }).click(),
  },
  {
    name: 'captions while training',
    path: '/datasets/1/captions',
    ready: (page) =>
      page
        .getByText(/captioned/)
        .first()
        .waitFor(),
    open: (page) => page.getByRole('tab', { name: 'While training' }).click(),
  },
  {
    name: 'a new caption set',
    path: '/datasets/1/captions',
    ready: (page) =>
      page
        .getByText(/captioned/)
        .first()
        .waitFor(),
    open: async (page) => {
      await button(page, 'New caption set…').click();
      await dialog(page);
    },
  },
  {
    name: 'captions by a model',
    path: '/datasets/1/captions',
    ready: (page) => button(page, 'New caption set…').waitFor(),
    open: async (page) => {
      await button(page, 'New caption set…').click();
      await page.getByRole('dialog').getByRole('combobox', { name: 'Captions from' }).selectOption('model');
      await page.getByRole('list', { name: 'Captioning models' }).waitFor();
    },
  },
  {
    name: 'writing captions',
    path: '/datasets/2/write',
    ready: (page) => page.getByRole('textbox', { name: 'Caption' }).waitFor(),
  },
  {
    name: 'duplicates',
    path: '/datasets/1/duplicates',
    ready: (page) =>
      page
        .getByText(/^\d+ groups?/)
        .first()
        .waitFor(),
  },
  { name: 'buckets', path: '/datasets/1/buckets', ready: heading(/./) },
  { name: 'problems', path: '/datasets/1/problems', ready: heading(/./) },
  {
    name: 'the train form, all of it open',
    path: '/train',
    ready: (page) =>
      page
        .getByRole('complementary', { name: 'Plan' })
        .getByText(/per epoch/)
        .first()
        .waitFor(),
    open: async (page) => {
      await page.getByText('LoRA', { exact: true }).click();
      for (const part of [/^Class images:/, /^Pictures:/, /^Cost:/, /^Advanced:/, /^Try out:/])
        await button(page, part).click();
      for (const name of [/^Keep what the model knows/, /^Train the text encoder/])
        await page.getByRole('switch', { name }).press('Space');
      await choose(page, 'Error', 'Huber');
      await choose(page, 'Masks', 'Transparency');
      await page.getByRole('textbox', { name: 'Noise pyramid' }).fill('6');
      await page.getByRole('textbox', { name: 'Rank on convolutions' }).fill('4');
      await choose(page, 'Setting to try several values of', 'Rank');
      await page.getByRole('textbox', { name: 'Rank', exact: true }).last().fill('4, eight');
      await page.getByRole('textbox', { name: 'Learning rate', exact: true }).fill('5');
    },
  },
  { name: 'a run', path: '/runs/1', ready: (page) => page.getByText('Finished, 2 epochs').waitFor() },
  ...['Epochs', 'Settings', 'Log'].map((tab): Sight => ({
    name: `a run, its ${tab.toLowerCase()}`,
    path: '/runs/1',
    ready: (page) => page.getByText('Finished, 2 epochs').waitFor(),
    open: (page) => page.getByRole('tab', { name: tab }).click(),
  })),
  {
    name: 'a plan of several runs',
    path: '/train',
    ready: (page) =>
      page
        .getByRole('complementary', { name: 'Plan' })
        .getByText(/per epoch/)
        .first()
        .waitFor(),
    open: async (page) => {
      await button(page, /^Try out:/).click();
      await choose(page, 'Setting to try several values of', 'Epochs');
      await page.getByRole('textbox', { name: 'Epochs', exact: true }).last().fill('1, 2, 3, 4, 5, 6');
      await page
        .getByText(/, epochs 6/)
        .first()
        .waitFor();
    },
  },
  {
    name: 'training a run on',
    path: '/runs/1',
    ready: (page) => page.getByText('Finished, 2 epochs').waitFor(),
    open: async (page) => {
      await button(page, 'Train on…').click();
      await dialog(page);
    },
  },
  {
    name: 'freeing the disk space of a run',
    path: '/runs/1',
    ready: (page) => page.getByText('Finished, 2 epochs').waitFor(),
    open: async (page) => {
      await button(page, /^More for/).click();
      await page.getByRole('menuitem', { name: 'Free disk space…' }).click();
      await dialog(page);
    },
  },
  {
    name: 'exporting',
    path: '/runs/1',
    ready: (page) => page.getByText('Finished, 2 epochs').waitFor(),
    open: async (page) => {
      await button(page, 'Export…').click();
      await dialog(page);
    },
  },
  {
    name: 'comparing',
    path: '/compare',
    ready: (page) => page.locator('[data-kind="ready"] img').nth(2).waitFor(),
  },
  {
    name: 'figures of the epochs',
    path: '/compare',
    ready: (page) => page.getByRole('gridcell').first().waitFor(),
    open: async (page) => {
      await button(page, 'Figures').click();
      await page.getByRole('img', { name: /^Likely copies/ }).waitFor();
    },
  },
  {
    name: 'a large picture',
    path: '/compare',
    ready: (page) => page.locator('[data-kind="ready"] img').nth(2).waitFor(),
    open: async (page) => {
      await page.locator('#cell-0-0').click();
      await page.getByRole('region', { name: 'Large picture' }).waitFor();
    },
  },
  {
    name: 'two pictures',
    path: '/compare',
    ready: (page) => page.locator('[data-kind="ready"] img').nth(2).waitFor(),
    open: async (page) => {
      await page.locator('#cell-0-0').click({ modifiers: ['ControlOrMeta'] });
      await page.locator('#cell-0-2').click({ modifiers: ['ControlOrMeta'] });
      await page.getByRole('region', { name: 'Two pictures' }).getByRole('slider').first().waitFor();
    },
  },
  {
    name: 'prompts and seeds',
    path: '/compare',
    ready: (page) => page.locator('[data-kind="ready"] img').nth(2).waitFor(),
    open: async (page) => {
      await button(page, 'Prompts and seeds').click();
      await dialog(page);
    },
  },
  {
    name: 'exporting pictures',
    path: '/compare',
    ready: (page) => page.locator('[data-kind="ready"] img').nth(2).waitFor(),
    open: async (page) => {
      await button(page, 'Export').click();
      await dialog(page);
    },
  },
  {
    name: 'the keys',
    path: '/compare',
    ready: (page) => page.locator('[data-kind="ready"] img').nth(2).waitFor(),
    open: async (page) => {
      await page.keyboard.press('?');
      await dialog(page);
    },
  },
  {
    name: 'favourites',
    path: '/compare?view=favourites',
    ready: (page) => page.getByRole('button', { name: /^a toy,/ }).waitFor(),
  },
  { name: 'the bench', path: '/bench', ready: heading('Bench') },
  {
    name: 'models',
    path: '/models/2',
    ready: (page) => page.getByRole('heading', { name: 'Kept', level: 2 }).waitFor(),
  },
  {
    name: 'exports',
    path: '/models',
    ready: heading('Models'),
    open: async (page) => {
      await page.getByText('Exports', { exact: true }).click();
      await button(page, 'Model card').waitFor();
    },
  },
  { name: 'settings', path: '/settings', ready: heading('Settings') },
];

describeInBrowser('every screen and dialog, as axe looks at it', () => {
  let open: OpenStudio;
  const parent = mkdtempSync(join(tmpdir(), 'screenfold-axe-'));
  const libraryFolder = join(parent, 'library');
  beforeAll(async () => {
    const folder = makeToys(parent);
    await prepareLibrary(libraryFolder, (client) => prepare(client, folder));
    open = await openStudio({ libraryFolder });
  }, 2 * patience);
  afterAll(async () => {
    await open.close();
    rmSync(parent, { recursive: true, force: true });
  });

  test.each(sights)(
    '$name, light and dark',
    async ({ path, ready, open: opens }) => {
      const { page } = open;
      await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
      // Anew each time, so that nothing of the sight before is left.
      const [route, search] = path.split('?');
      const { origin } = new URL(page.url());
      await page.goto('about:blank');
      await page.goto(`${origin}/${search === undefined ? '' : `?${search}`}#${route}`);
      await ready(page);
      await opens?.(page);
      await page.getByRole('status', { name: 'Loading' }).waitFor({ state: 'detached' });
      expect(await axeFindings(page)).toEqual([]);
      // The page follows the system's scheme as it stands: opening all of it again would take as long as looking at it.
      await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
      await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
      expect(await axeFindings(page)).toEqual([]);
    },
    240_000,
  );
});
