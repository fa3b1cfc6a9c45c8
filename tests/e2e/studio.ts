import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { describe } from 'vitest';
import { ensureBuilt } from '../../electron/hosts/built-files.ts';
import { startWebHost, type WebHost } from '../../electron/hosts/web.ts';
import { startEngine, type Engine } from '../../electron/runs/engine-process.ts';
import { resourcesOf } from '../../electron/studio/domains.ts';
import { createStudio, type Studio } from '../../electron/studio/studio.ts';
import { browserProgram, launchBrowser } from './browser.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface OpenStudio {
  readonly page: Page;
  readonly studio: Studio;
  readonly host: WebHost;
  readonly libraryFolder: string;
  /** What the page complained of: errors on its console, exceptions, breaches of its policy, failed requests. */
  readonly complaints: readonly string[];
  /** Closes all of it and deletes the library. */
  close(): Promise<void>;
}

export interface OpenStudioOptions {
  /** Left out: a fresh one, deleted at the end. */
  readonly libraryFolder?: string;
  readonly engine?: Engine;
  readonly viewport?: { readonly width: number; readonly height: number };
}

/** The studio as a person meets it: the web host over a library of its own, and a browser with its page open. */
export async function openStudio(options: OpenStudioOptions = {}): Promise<OpenStudio> {
  await ensureBuilt(root, 'renderer', { onBuild: () => undefined, onLine: () => undefined });
  const own = options.libraryFolder === undefined;
  const libraryFolder = options.libraryFolder ?? mkdtempSync(path.join(tmpdir(), 'screenfold-e2e-'));
  const studio = await createStudio({
    libraryFolder,
    engine: options.engine ?? startEngine(),
    version: '0.0.0-test',
    resources: resourcesOf(path.join(root, 'resources')),
    checkOutput: true,
    surface: {
      host: 'web',
      electron: null,
      pick: null,
      reveal: null,
      updates: null,
      rememberLibraryFolder: () => Promise.resolve(),
    },
  });
  const host = await startWebHost({
    studio: Promise.resolve(studio),
    pageFolder: path.join(root, 'dist', 'renderer'),
    port: 0,
  });
  const browser = await launchBrowser(browserProgram()!);
  const page = await browser.newPage({ viewport: options.viewport ?? { width: 1280, height: 800 } });
  const complaints = complaintsOf(page);
  await page.goto(host.address);
  await page.waitForURL(`http://127.0.0.1:${host.port}/**`);
  return {
    page,
    studio,
    host,
    libraryFolder,
    complaints,
    close: () => closeAll(browser, host, studio, own ? libraryFolder : null),
  };
}

async function closeAll(
  browser: Browser,
  host: WebHost,
  studio: Studio,
  folder: string | null,
): Promise<void> {
  await browser.close();
  await host.close();
  await studio.close();
  if (folder !== null) rmSync(folder, { recursive: true, force: true });
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
 * `describe` for what needs a browser. Without one it is skipped, saying so; where the environment is a build
 * server's (`CI`), the lack of one is a failure instead, for nobody there would read it.
 */
export function describeInBrowser(name: string, specs: () => void): void {
  if (browserProgram() !== null || process.env.CI) describe(name, specs);
  else describe.skip(`${name} (no Chrome, Chromium or Edge found)`, specs);
}
