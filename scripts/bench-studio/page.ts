import { join } from 'node:path';

import type { Page } from 'playwright-core';

import { startEngine } from '../../electron/engine/engine-process.ts';
import { startWebHost } from '../../electron/hosts/web.ts';
import { resourcesOf } from '../../electron/studio/domains.ts';
import { createStudio } from '../../electron/studio/studio.ts';
import { browserProgram, launchBrowser } from '../../tests/e2e/browser.ts';
import { bareSurface } from '../../tests/studio/bare-surface.ts';

export interface PageBenchmark {
  /** From the click on the data set to the first row of pictures being drawn. */
  readonly open100kMs: number;
  /** 95th percentile of the time between two frames while the wheel turns, and with nothing moving. */
  readonly scrollP95Ms: number;
  readonly stillP95Ms: number;
  /** From asking for the page to its connection with the studio, the files being in the browser's cache. */
  readonly interactiveMs: number;
}

/** @param libraryFolder holds the data set to open */
export async function benchPage(
  root: string,
  libraryFolder: string,
  datasetId: number,
): Promise<PageBenchmark> {
  const program = browserProgram();
  if (program === null) throw new Error('There is no Chrome, Chromium or Edge to measure in.');
  const studio = await createStudio({
    libraryFolder,
    engine: startEngine(),
    version: '0.0.0-bench',
    resources: resourcesOf(join(root, 'resources')),
    surface: bareSurface('web'),
  });
  const host = await startWebHost({
    studio: Promise.resolve(studio),
    pageFolder: join(root, 'dist', 'renderer'),
    port: 0,
  });
  const browser = await launchBrowser(program);
  try {
    // The page's own policy would forbid the polling that waits for pictures.
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, bypassCSP: true });
    await page.goto(host.address);
    await page.getByRole('button', { name: 'Train', exact: true }).waitFor();

    const interactiveMs = await median(5, async () => {
      const started = performance.now();
      await page.goto(`http://127.0.0.1:${host.port}/#/train`);
      await page.reload();
      await page.getByRole('button', { name: 'Train', exact: true }).waitFor();
      return performance.now() - started;
    });

    await page.getByRole('link', { name: 'Data sets' }).click();
    const card = page.locator(`a[href="#/datasets/${datasetId}"]`).first();
    await card.waitFor();
    const started = performance.now();
    await card.click();
    await page.waitForFunction(firstRowDrawn);
    const open100kMs = performance.now() - started;

    const stillP95Ms = await frames(page, () => page.waitForTimeout(3000));
    const scrollP95Ms = await frames(page, async () => {
      const box = await page.getByRole('listbox', { name: 'Images' }).boundingBox();
      if (box === null) throw new Error('the grid is not on the screen');
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      for (let turn = 0; turn < 180; turn++) {
        await page.mouse.wheel(0, 120);
        await page.waitForTimeout(16);
      }
    });
    return { open100kMs, scrollP95Ms, stillP95Ms, interactiveMs };
  } finally {
    await browser.close();
    await host.close();
    await studio.close();
  }
}

const firstRowDrawn = `(() => {
  const pictures = [...document.querySelectorAll('[role="listbox"] [role="option"] img')].slice(0, 5);
  return pictures.length === 5 && pictures.every((picture) => picture.complete && picture.naturalWidth > 0);
})()`;

/** 95th percentile of the milliseconds between two frames while `act` goes on. */
async function frames(page: Page, act: () => Promise<void>): Promise<number> {
  await page.evaluate(`
    window.frameTimes = [];
    window.watchFrames = true;
    let last = performance.now();
    const frame = (now) => {
      window.frameTimes.push(now - last);
      last = now;
      if (window.watchFrames) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  `);
  await act();
  const times = await page.evaluate<number[]>(`window.watchFrames = false, window.frameTimes`);
  const sorted = times.slice(1).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN;
}

async function median(times: number, measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let i = 0; i < times; i++) values.push(await measure());
  return values.sort((a, b) => a - b)[times >> 1]!;
}
