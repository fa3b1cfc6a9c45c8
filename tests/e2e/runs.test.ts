import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';

import { createClient } from '../../electron/connection/client.ts';
import { linkOverSocket } from '../../electron/connection/links.ts';
import { signedIn } from '../studio/transports.ts';
import { describeInBrowser, type OpenStudio, openStudio } from './studio.ts';
import { makeToys, patience, trainOnToys, waiting } from './toys.ts';

const program = fileURLToPath(new URL('../hosts/serve-library.ts', import.meta.url));

/** Trains in a studio of its own process, which is killed as soon as an epoch was kept. */
async function trainAndKill(libraryFolder: string, folder: string): Promise<void> {
  const child = spawn(process.execPath, [program, libraryFolder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  const headers = await signedIn(line.trim());
  const { host } = new URL(line);
  const client = createClient(linkOverSocket(() => new WebSocket(`ws://${host}/socket`, { headers })));
  const runId = await trainOnToys(client, folder, 60, [1, 60]);
  await vi.waitUntil(async () => (await client.call('runs.get', { runId })).checkpoints.includes(1), waiting);
  child.kill('SIGKILL');
  await once(child, 'close');
  client.close();
}

describeInBrowser('runs that wait', () => {
  let open: OpenStudio;
  const parent = mkdtempSync(join(tmpdir(), 'screenfold-runs-'));
  beforeAll(async () => {
    const folder = makeToys(parent);
    const libraryFolder = join(parent, 'library');
    await trainAndKill(libraryFolder, folder);
    open = await openStudio({ libraryFolder });
  }, 300_000);
  afterAll(async () => {
    await open.close();
    rmSync(parent, { recursive: true, force: true });
  });

  test('offer to go on after all of the studio was killed, with what was kept', async () => {
    const { page } = open;
    await page.waitForURL(/#\/runs\/1$/);
    await page.getByText('Screenfold closed during this run').waitFor();
    await page.getByText(/The newest checkpoint is from epoch 1\./).waitFor();
    await page.getByRole('button', { name: 'Resume' }).first().click();
    await page.getByText(/^Epoch \d+ of 60$/).waitFor({ timeout: patience });
  });

  test('queue up, and change places by keys and by dragging', async () => {
    const { page } = open;
    for (const name of ['first', 'second', 'third']) {
      await page.goto(page.url().replace(/#.*$/, '#/runs/1'));
      await page.getByRole('button', { name: 'More for toys' }).click();
      await page.getByRole('menuitem', { name: 'Use its settings again' }).click();
      await page.getByRole('heading', { name: 'Train', level: 1 }).waitFor();
      await page.getByLabel('Name', { exact: true }).fill(name);
      await page.getByRole('button', { name: 'Train', exact: true }).click();
      await page.getByRole('region', { name: 'Queued' }).getByText(name, { exact: true }).waitFor();
    }
    const queued = page.getByRole('region', { name: 'Queued' });
    const names = async () => {
      const texts = await queued.getByRole('link').allTextContents();
      return texts.map((text) => /first|second|third/.exec(text)?.[0]);
    };
    await expect.poll(names).toEqual(['first', 'second', 'third']);
    await queued.getByRole('button', { name: 'third earlier' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(names).toEqual(['first', 'third', 'second']);
    await queued
      .getByRole('listitem')
      .filter({ hasText: 'second' })
      .dragTo(queued.getByRole('listitem').filter({ hasText: 'first' }));
    await expect.poll(names).toEqual(['second', 'first', 'third']);
    // So it is over a reload, too.
    await page.reload();
    await queued.waitFor();
    await expect.poll(names).toEqual(['second', 'first', 'third']);
  });

  test('begin in their order, once what is under way ended', async () => {
    const { page } = open;
    await page.goto(page.url().replace(/#.*$/, '#/runs/1'));
    await page.getByRole('button', { name: 'Stop', exact: true }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop run' }).click();
    const underWay = page.getByRole('region', { name: 'Under way' });
    await underWay.getByText('second', { exact: true }).waitFor({ timeout: patience });
  });

  test('kept the page free of errors', () => {
    expect(open.complaints).toEqual([]);
  });
});
