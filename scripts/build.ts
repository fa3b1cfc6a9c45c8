/** Builds `dist/renderer` (the page), `dist/desktop` (main, preload, engine), or both where nothing is named. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build as bundle, type BuildOptions } from 'esbuild';
import { build } from 'vite';

import { type Built, sourceHash } from '../electron/cli/open/built-files.ts';

// What is built is for use, whoever asks: under a test runner Vite would take React's slow and talkative form for developers.
process.env.NODE_ENV = 'production';

const root = fileURLToPath(new URL('..', import.meta.url));

const builders: Readonly<Record<Built, () => Promise<unknown>>> = {
  renderer: () => build({ configFile: join(root, 'vite.config.ts'), logLevel: 'warn' }),
  desktop: buildDesktop,
};

/**
 * Our own sources, each entry in one file; packages stay what they are, beside them. The preload alone is CommonJS,
 * with nothing left to load: Chromium's sandbox knows neither modules nor files.
 */
async function buildDesktop(): Promise<void> {
  const folder = join(root, 'dist', 'desktop');
  await rm(folder, { recursive: true, force: true });
  const shared: BuildOptions = {
    bundle: true,
    platform: 'node',
    target: 'node24',
    absWorkingDir: root,
    sourcemap: 'linked',
    logLevel: 'warning',
    legalComments: 'none',
  };
  await Promise.all([
    bundle({
      ...shared,
      format: 'esm',
      packages: 'external',
      entryPoints: {
        main: 'electron/main.ts',
        engine: 'native/engine.ts',
        probe: 'native/runtime/probe.ts',
        pictures: 'electron/datasets/files/picture-process.ts',
      },
      outdir: folder,
    }),
    bundle({
      ...shared,
      format: 'cjs',
      external: ['electron'],
      entryPoints: ['electron/preload.ts'],
      outfile: join(folder, 'preload.cjs'),
    }),
  ]);
}

for (const name of process.argv[2] === undefined ? Object.keys(builders) : process.argv.slice(2)) {
  if (!Object.hasOwn(builders, name)) throw new Error(`There is nothing called ${name} to build.`);
  const built = name as Built;
  const hash = await sourceHash(root, built);
  await builders[built]();
  await writeFile(join(root, 'dist', built, '.built-from'), hash);
}
