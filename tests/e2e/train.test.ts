import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { describeInBrowser, type OpenStudio, openStudio } from './studio.ts';

/** A minute of computing on two idle cores; build machines have less. */
const patience = { timeout: 420_000 };

describeInBrowser('a first run', () => {
  let open: OpenStudio;
  beforeAll(async () => {
    open = await openStudio();
  });
  afterAll(() => open.close());

  test('opens on the sample images and the embedded base, planned and ready to start', async () => {
    const { page } = open;
    await page.getByRole('heading', { name: 'Train', level: 1 }).waitFor();
    const data = page.getByRole('region', { name: 'Data set' });
    await data.getByText('88 images, 12 of them held out', { exact: true }).waitFor();
    await data.getByAltText('official 3d art of alien, creature').waitFor();
    await page.waitForFunction('[...document.images].some((image) => image.naturalWidth > 0)');
    const plan = page.getByRole('complementary', { name: 'Plan' });
    await plan
      .getByText(/per epoch/)
      .first()
      .waitFor();
    expect(await plan.getByText('official 3d art of alien, creature').count()).toBe(1);
    expect(await page.getByRole('button', { name: 'Train', exact: true }).isEnabled()).toBe(true);
  });

  test('trains by one click, and shows its progress, its curve and its pictures as they come', async () => {
    const { page } = open;
    await page.getByLabel('Epochs', { exact: true }).fill('2');
    await page.getByText('2 epochs, the base and 2 checkpoints').waitFor();
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.waitForURL(/#\/runs\/1$/);
    await page.getByText('Epoch 1 of 2').waitFor(patience);
    // Small, wherever one is.
    await page
      .getByRole('navigation', { name: 'Screenfold' })
      .getByRole('link', { name: /epoch 1 of 2/ })
      .waitFor();
    await page
      .getByAltText(/seed \d+, epoch 0$/)
      .first()
      .waitFor(patience);
    await page.getByText('Finished, 2 epochs').waitFor(patience);
    await page
      .getByAltText(/seed \d+, epoch 2$/)
      .first()
      .waitFor(patience);
    expect(await page.getByRole('region', { name: 'Loss', exact: true }).locator('canvas').count()).toBe(2);

    await page.getByRole('tab', { name: 'Epochs' }).click();
    const rows = page.getByRole('row').filter({ hasText: 'checkpoint' });
    expect(await rows.count()).toBe(2);
    expect(await rows.first().textContent()).toMatch(/0\.\d{3}.*0\.\d{3}/);
    await page.getByRole('tab', { name: 'Development' }).click();
  }, 900_000);

  test('exports an epoch as a model folder that is whole', async () => {
    const { page, libraryFolder } = open;
    await page.getByRole('button', { name: 'Actions for epoch 2' }).click();
    await page.getByRole('menuitem', { name: 'Export epoch 2…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Export', exact: true }).click();
    await dialog.getByLabel('Ready').waitFor(patience);
    const text = await dialog.getByText(/^Model folder · /).textContent();
    const folder = text?.split(' · ').at(-1) ?? '';
    expect(dirname(folder)).toBe(join(libraryFolder, 'exports'));
    const index = JSON.parse(readFileSync(join(folder, 'model_index.json'), 'utf8')) as object;
    expect(Object.keys(index)).toEqual(expect.arrayContaining(['unet', 'vae', 'text_encoder', 'scheduler']));
    const weights = join(folder, 'unet', 'diffusion_pytorch_model.safetensors');
    expect(statSync(weights).size).toBeGreaterThan(1_000_000);
    expect(existsSync(join(folder, 'README.md'))).toBe(true);
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();

    await page.getByRole('link', { name: 'Models' }).click();
    await page.getByText('Exports', { exact: true }).click();
    await page.getByRole('button', { name: 'Model card' }).click();
    await page.getByRole('heading', { name: 'Training settings' }).waitFor();
    await page.keyboard.press('Escape');
  }, 600_000);

  test('keeps an epoch as a model, which can be trained from', async () => {
    const { page } = open;
    await page.goto(page.url().replace(/#.*$/, '#/runs/1'));
    await page.getByRole('button', { name: 'Actions for epoch 1' }).click();
    await page.getByRole('menuitem', { name: 'Keep as a model…' }).click();
    await page.getByLabel('Name of the model').fill('First look');
    await page.getByRole('button', { name: 'Keep', exact: true }).click();
    await page.getByText('First look is now a model').waitFor(patience);
    await page.getByRole('link', { name: 'Models' }).click();
    await page.getByRole('link', { name: /^First look/ }).click();
    await page.getByRole('definition').filter({ hasText: 'Seedling → First look' }).waitFor();
    await page.getByRole('button', { name: 'Train from it' }).click();
    await page.getByRole('heading', { name: 'Train', level: 1 }).waitFor();
    await expect
      .poll(() => page.getByRole('combobox', { name: 'Base model' }).inputValue())
      .toBe('First look');
  });

  test('opens at the newest run from then on, and nothing was complained of', async () => {
    const { page, complaints } = open;
    await page.getByRole('link', { name: 'Screenfold, start' }).click();
    await page.waitForURL(/#\/runs\/1$/);
    expect(complaints).toEqual([]);
  });
});
