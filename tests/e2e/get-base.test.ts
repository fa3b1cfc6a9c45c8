import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { publishedCaptioners } from '../../electron/downloads/published-captioners.ts';
import { starters } from '../../electron/downloads/starters.ts';
import { tinyTagger } from '../captioning/fixtures.ts';
import { type FileServer, give, serveUntilClosed, sha256 } from '../downloads/file-server.ts';
import { writeSingleFileModel } from '../reference/single-file-models.ts';
import { describeInBrowser, inDesktop, type OpenStudio, openStudio } from './studio.ts';
import { patience } from './toys.ts';

// The window's studio is in a process of its own, which offers what it always does.
if (inDesktop) test.skip('a base is downloaded', () => undefined);
else
  describeInBrowser('a base', () => {
    let open: OpenStudio;
    let server: FileServer;
    let taggers: FileServer;
    let [isHeld, isGated] = [true, false];
    const parent = mkdtempSync(join(tmpdir(), 'screenfold-get-'));
    beforeAll(async () => {
      await writeSingleFileModel(parent, 1);
      const model = readFileSync(join(parent, 'sd1.safetensors'));
      server = await serveUntilClosed((request, response) => {
        if (isGated && request.headers.authorization !== 'Bearer hf_secret') response.writeHead(401).end();
        // Half of it, until there was a look at it and a pause.
        else give(model, request, response, isHeld ? { stallAfter: Math.floor(model.length / 2) } : {});
      });
      const small = {
        ...{ ...starters[0]!, id: 'small', name: 'Small Diffusion', fileName: 'small-diffusion.safetensors' },
        ...{ address: server.address.href, bytes: model.length, sha256: sha256(model) },
      };
      const unopened = { ...starters[2]!, opens: false };
      taggers = await serveUntilClosed((request, response) => {
        give(readFileSync(join(tinyTagger, basename(request.url ?? ''))), request, response);
      });
      const tagger = {
        ...{ ...publishedCaptioners[0]!, id: 'small-tagger', name: 'Small tagger' },
        address: `${taggers.origin}/tagger/`,
      };
      open = await openStudio({ offers: { starters: [small, unopened], captioners: [tagger] } });
    }, 300_000);
    afterAll(async () => {
      await open.close();
      await server.close();
      await taggers.close();
      rmSync(parent, { recursive: true, force: true });
    });

    test('comes when its licence was accepted, is paused and goes on', async () => {
      const { page } = open;
      await page
        .getByRole('navigation', { name: 'Screenfold' })
        .getByRole('link', { name: 'Models' })
        .click();
      await page.getByRole('link', { name: 'Get a base' }).click();
      const card = page.getByRole('group', { name: 'Small Diffusion' }).first();
      await card.getByRole('button', { name: 'Download' }).click();
      const dialog = page.getByRole('dialog', { name: 'The licence of Small Diffusion' });
      await dialog.getByText('CreativeML Open RAIL-M').waitFor();
      expect(server.asked).toEqual([]);
      await dialog.getByRole('button', { name: 'Accept and download' }).click();
      const entry = page
        .getByRole('region', { name: 'Downloads' })
        .getByRole('group', { name: 'Small Diffusion' });
      await entry.getByText(/^[1-9][\d.]* .B of [\d.]+ .B/).waitFor();
      await entry.getByRole('button', { name: 'Pause' }).click();
      await entry.getByText(/^Paused, /).waitFor();
      isHeld = false;
      await entry.getByRole('button', { name: 'Resume' }).click();
      await entry.getByRole('link', { name: 'Open in Models' }).click({ timeout: patience });
      expect(server.asked.at(-1)?.headers.range).toMatch(/^bytes=[1-9]/);
    });

    test('is a model then, to train from', async () => {
      const { page } = open;
      await page.getByRole('heading', { name: 'small-diffusion', level: 2 }).waitFor({ timeout: patience });
      await page.getByRole('button', { name: 'Train from it' }).click();
      await expect
        .poll(() => page.getByRole('combobox', { name: 'Base model' }).inputValue())
        .toBe('small-diffusion');
    });

    test('comes from any address, with a token where its host wants one', async () => {
      const { page } = open;
      isGated = true;
      await page
        .getByRole('navigation', { name: 'Screenfold' })
        .getByRole('link', { name: 'Models' })
        .click();
      await page.getByRole('link', { name: 'Get a base' }).click();
      await page.getByLabel('Address of the file').fill(`${server.origin}/other.safetensors`);
      await page.getByRole('button', { name: 'Download this file' }).click();
      await page.getByText('only to people with an access token').waitFor();
      await page.getByRole('textbox', { name: 'Access token' }).fill('hf_secret');
      await page.getByRole('button', { name: 'Download this file' }).click();
      const entry = page.getByRole('group', { name: 'other.safetensors' });
      await entry.getByRole('link', { name: 'Open in Models' }).waitFor({ timeout: patience });
    });

    test('that cannot be opened yet says so and is not fetched', async () => {
      const card = open.page.getByRole('group', { name: 'Stable Diffusion XL 1.0' });
      const button = card.getByRole('button', { name: 'Download' });
      expect(await button.isEnabled()).toBe(false);
      await card.getByText('cannot open it yet').waitFor();
    });

    test(
      'and so does a captioning model, which is removed with its files',
      async () => {
        const { page } = open;
        await page.getByRole('link', { name: 'Models', exact: true }).last().click();
        await page.getByText('Captioners', { exact: true }).click();
        await page.getByRole('button', { name: 'Download Small tagger' }).click();
        const captioner = page
          .getByRole('list', { name: 'Captioners' })
          .getByRole('listitem', { name: 'Small tagger' });
        await captioner.getByText(/^Tagger · .* · downloaded$/).waitFor({ timeout: patience });
        await captioner.getByRole('button', { name: 'Remove Small tagger' }).click();
        const dialog = page.getByRole('dialog', { name: 'Remove Small tagger?' });
        await dialog.getByRole('button', { name: 'Remove captioner' }).click();
        await page.getByText(/ are free again\.$/).waitFor();
        await captioner.waitFor({ state: 'hidden' });
        await page.getByRole('button', { name: 'Download Small tagger' }).waitFor();
      },
      2 * patience,
    );

    test('kept the page free of errors', () => {
      expect(open.complaints).toEqual([]);
    });
  });
