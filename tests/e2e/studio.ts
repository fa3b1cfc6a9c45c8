import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Locator, Page } from 'playwright-core';
import { describe } from 'vitest';

import { type ClosableClient, createClient } from '../../electron/connection/client.ts';
import type { Engine } from '../../electron/engine/engine.ts';
import { startEngine } from '../../electron/engine/engine-process.ts';
import { startWebHost, type WebHost } from '../../electron/hosts/web.ts';
import { resourcesOf } from '../../electron/studio/domains.ts';
import { createStudio, type Studio, type StudioDependencies } from '../../electron/studio/studio.ts';
import { bareSurface } from '../studio/bare-surface.ts';
import { linkInMemory } from '../studio/memory-link.ts';
import { browserProgram, launchBrowser } from './browser.ts';
import { desktopLacks, openDesktop } from './desktop.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface OpenStudio {
  readonly page: Page;
  /** In the browser alone: the window's are in a process of their own, and asking for them throws. */
  readonly studio: Studio;
  readonly host: WebHost;
  readonly libraryFolder: string;
  /** Clicks a button that asks for a folder, and answers with this one. */
  chooseFolder(button: Locator, folder: string): Promise<void>;
  /** What the page complained of: errors on its console, exceptions, breaches of its policy, failed requests. */
  readonly complaints: readonly string[];
  /** Closes all of it and deletes the library. */
  close(): Promise<void>;
}

export interface OpenStudioOptions {
  /** Left out: a fresh one, deleted at the end. */
  readonly libraryFolder?: string;
  readonly engine?: Engine;
  /** Of the studio itself: what it offers and where that lies. In the browser alone. */
  readonly offers?: Partial<Pick<StudioDependencies, 'starters' | 'captioners' | 'gpuPacks' | 'resources'>>;
  readonly viewport?: { readonly width: number; readonly height: number };
}

/** Where specs are played: in a browser with the web host behind it, or in the desktop's own window. */
export const inDesktop = process.env.SCREENFOLD_E2E_HOST === 'desktop';

function studioOver(
  libraryFolder: string,
  engine: Engine,
  offers: OpenStudioOptions['offers'] = {},
): Promise<Studio> {
  return createStudio({
    libraryFolder,
    engine,
    version: '0.0.0-test',
    resources: resourcesOf(join(root, 'resources')),
    checkOutput: true,
    surface: bareSurface('web'),
    ...offers,
  });
}

/** Has work done in a library before anyone opens it, so that specs need not click through what they are not about. */
export async function prepareLibrary(
  libraryFolder: string,
  work: (client: ClosableClient) => Promise<void>,
): Promise<void> {
  const studio = await studioOver(libraryFolder, startEngine());
  const client = createClient(linkInMemory(Promise.resolve(studio)));
  try {
    await work(client);
  } finally {
    client.close();
    await studio.close();
  }
}

/** The studio as a person meets it, over a library of its own. */
export async function openStudio(options: OpenStudioOptions = {}): Promise<OpenStudio> {
  const own = options.libraryFolder === undefined;
  const libraryFolder = options.libraryFolder ?? mkdtempSync(join(tmpdir(), 'screenfold-e2e-'));
  const opened = await (inDesktop ? openInWindow(libraryFolder) : openInBrowser(libraryFolder, options));
  const complaints = complaintsOf(opened.page);
  await opened.load();
  return Object.defineProperties(
    {
      page: opened.page,
      libraryFolder,
      complaints,
      chooseFolder: opened.chooseFolder,
      close: async () => {
        await opened.close();
        if (own) rmSync(libraryFolder, { recursive: true, force: true });
      },
    },
    { studio: { get: opened.studio }, host: { get: opened.host } },
  ) as OpenStudio;
}

interface Opened {
  readonly page: Page;
  readonly studio: () => Studio;
  readonly host: () => WebHost;
  readonly chooseFolder: OpenStudio['chooseFolder'];
  readonly load: () => Promise<void>;
  readonly close: () => Promise<void>;
}

async function openInWindow(libraryFolder: string): Promise<Opened> {
  const { page, answerDialogs, close } = await openDesktop(libraryFolder);
  const chooseFolder = async (button: Locator, folder: string) => {
    await answerDialogs([folder]);
    await button.click();
  };
  const elsewhere = () => {
    throw new Error('The window has its studio in a process of its own.');
  };
  return { page, close, chooseFolder, studio: elsewhere, host: elsewhere, load: () => Promise.resolve() };
}

async function openInBrowser(libraryFolder: string, options: OpenStudioOptions): Promise<Opened> {
  const program = browserProgram();
  if (program === null) throw new Error('There is no Chrome, Chromium or Edge here to play this in.');
  const studio = await studioOver(libraryFolder, options.engine ?? startEngine(), options.offers);
  const host = await startWebHost({
    studio: Promise.resolve(studio),
    pageFolder: join(root, 'dist', 'renderer'),
    port: 0,
  });
  const browser = await launchBrowser(program);
  const page = await browser.newPage({ viewport: options.viewport ?? { width: 1280, height: 800 } });
  return {
    page,
    studio: () => studio,
    host: () => host,
    chooseFolder: async (button, folder) => {
      await button.click();
      await page.getByLabel('Folder', { exact: true }).fill(folder);
      await page.getByRole('button', { name: 'Add this folder' }).click();
    },
    load: async () => {
      await page.goto(host.address);
      await page.waitForURL(`http://127.0.0.1:${host.port}/`);
      await page.getByRole('navigation').first().waitFor();
    },
    close: async () => {
      await browser.close();
      await host.close();
      await studio.close();
    },
  };
}

/** Grows while the page is open. Breaches of the content security policy arrive as errors on the console. */
function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  page.on('requestfailed', (request) => {
    // Pictures that were scrolled past are broken off by the browser itself.
    const why = request.failure()?.errorText ?? '';
    if (why !== 'net::ERR_ABORTED') complaints.push(`${request.url()}: ${why}`);
  });
  return complaints;
}

/**
 * `describe` for what needs a browser, or the desktop's window. Without one it is skipped, saying so; where the
 * environment is a build server's (`CI`), the lack of a browser is a failure instead, for nobody there would read it.
 */
export function describeInBrowser(name: string, specs: () => void): void {
  const lacks = inDesktop
    ? desktopLacks()
    : browserProgram() === null && !process.env.CI
      ? 'there is no Chrome, Chromium or Edge'
      : null;
  if (lacks === null) describe(name, specs);
  else describe.skip(`${name} (${lacks})`, specs);
}
