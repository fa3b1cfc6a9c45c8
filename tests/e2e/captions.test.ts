import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { tinyTagger } from '../captioning/fixtures.ts';
import { describeInBrowser, type OpenStudio, openStudio } from './studio.ts';
import { makeToys, patience } from './toys.ts';

/** Low enough that the tagger, whose weights are random, finds something on every picture. */
const bound = '0.05';

/** On the page of a data set. */
const trainOnIt = (page: Page) => page.getByRole('link', { name: 'Train', exact: true }).last();

describeInBrowser('a folder of plain images in a browser', () => {
  let open: OpenStudio;
  const parent = mkdtempSync(join(tmpdir(), 'screenfold-pictures-'));
  const folder = makeToys(parent);
  beforeAll(async () => {
    open = await openStudio();
  });
  afterAll(async () => {
    await open.close();
    rmSync(parent, { recursive: true, force: true });
  });
  const dialogOf = (page: Page) => page.getByRole('dialog', { name: 'New caption set' });

  test('has no captions where it is to be trained, and is sent to a model', async () => {
    const { page } = open;
    await page.getByRole('link', { name: 'Data sets' }).click();
    await open.chooseFolder(page.getByRole('button', { name: 'Add folder…' }).first(), folder);
    await page.getByRole('heading', { name: 'toys' }).waitFor();
    await page.getByRole('button', { name: '7 images' }).waitFor();
    await trainOnIt(page).click();
    await page.getByText(/These images have no captions yet/).waitFor();
    await page.getByRole('link', { name: 'Caption them' }).click();
    await dialogOf(page)
      .getByText(/A captioning model is a folder of files/)
      .waitFor();
    await dialogOf(page)
      .getByRole('list', { name: 'Captioning models' })
      .getByText('WD ViT tagger v3')
      .waitFor();
  });

  test(
    'is captioned by a tagger, tried on three of them beforehand',
    async () => {
      const { page } = open;
      await open.chooseFolder(page.getByRole('button', { name: 'Add a model…' }), tinyTagger);
      const dialog = dialogOf(page);
      await dialog.getByLabel('Trigger word').fill('toy style');
      await dialog.getByLabel('Tags from').fill(bound);
      await dialog.getByRole('button', { name: 'Try it on three images' }).click();
      await dialog
        .getByText(/^toy style, /)
        .nth(2)
        .waitFor({ timeout: patience });
      const make = dialog.getByRole('button', { name: 'Make caption set' });
      // In a low window the dialog scrolls, and its buttons stay in sight.
      const usual = page.viewportSize()!;
      await page.setViewportSize({ width: usual.width, height: 480 });
      await dialog.getByRole('heading', { name: 'New caption set' }).scrollIntoViewIfNeeded();
      const { y, height } = (await make.boundingBox())!;
      expect(y + height).toBeLessThanOrEqual(480);
      await page.setViewportSize(usual);
      await make.click();
      await page.getByText('7 captioned').waitFor({ timeout: patience });
      await page
        .getByText(/^Captioning$|^Waiting to caption$/)
        .waitFor({ state: 'hidden', timeout: patience });
      await page.getByRole('tab', { name: 'Tags' }).click();
      await page.getByText('toy style', { exact: true }).waitFor();
    },
    2 * patience,
  );

  test(
    'is trained on these captions, and its epochs are compared',
    async () => {
      const { page, complaints } = open;
      await trainOnIt(page).click();
      await page.getByRole('radio', { name: /By a model/ }).waitFor();
      await page.getByLabel('Epochs', { exact: true }).fill('1');
      const train = page.getByRole('button', { name: 'Train', exact: true });
      await expect.poll(() => train.isEnabled(), { timeout: patience }).toBe(true);
      await train.click();
      await page.waitForURL(/#\/runs\/1$/);
      await page.getByText('Finished, 1 epoch').waitFor({ timeout: patience });
      await page.getByRole('link', { name: 'Compare' }).first().click();
      await page.locator('[id^="cell-"][data-kind="ready"] img').first().waitFor({ timeout: patience });
      await page
        .getByText(/^toy style, /)
        .first()
        .waitFor();
      expect(complaints).toEqual([]);
    },
    3 * patience,
  );
});
