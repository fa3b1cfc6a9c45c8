/**
 * Measures what a person waits for in the window: import beside a bare sharp loop, opening and scrolling a data set of
 * 100,000 images, the page's first moment. `npm run bench:studio`, `-- --json` for one JSON object as the last line.
 * `--images` and `--rows` change the sizes. Needs Chrome, Chromium or Edge.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { ensureBuilt } from '../electron/cli/open/built-files.ts';
import { benchImport } from './bench-studio/import.ts';
import { fillLibrary } from './bench-studio/library.ts';
import { benchPage } from './bench-studio/page.ts';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    images: { type: 'string', default: '10000' },
    rows: { type: 'string', default: '100000' },
  },
});
const say = (line: string): void => {
  if (!flags.json) console.log(line);
};

const rows = Number(flags.rows);
const folder = mkdtempSync(join(tmpdir(), 'screenfold-bench-'));
try {
  await ensureBuilt(root, 'renderer', { onBuild: () => undefined, onLine: () => undefined });
  const library = join(folder, 'library');
  const { datasetId } = await fillLibrary(library, rows);
  const { open100kMs, scrollP95Ms, stillP95Ms, interactiveMs } = await benchPage(root, library, datasetId);
  say(`first pictures of ${rows} images  ${open100kMs.toFixed(0)} ms`);
  say(
    `frames while scrolling           ${scrollP95Ms.toFixed(1)} ms (95th percentile; ${stillP95Ms.toFixed(1)} ms standing still)`,
  );
  say(`page to interactive, warm        ${interactiveMs.toFixed(0)} ms`);
  const { importRatio, importRate, bareRate } = await benchImport(Number(flags.images));
  say(
    `import                           ${importRate.toFixed(0)} images/s, ${importRatio.toFixed(2)} of a bare sharp loop's ${bareRate.toFixed(0)}`,
  );
  if (flags.json) {
    const round = (value: number): number => Math.round(value * 100) / 100;
    console.log(
      JSON.stringify({
        importRatio: round(importRatio),
        open100kMs: round(open100kMs),
        scrollP95Ms: round(scrollP95Ms),
        stillP95Ms: round(stillP95Ms),
        interactiveMs: round(interactiveMs),
        rows,
      }),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
