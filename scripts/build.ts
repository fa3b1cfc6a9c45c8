/** Builds `dist/renderer` (the page), `dist/desktop` (main, preload, engine), or both where nothing is named. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { sourceHash, type Built } from '../electron/hosts/built-files.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const builders: Readonly<Record<Built, () => Promise<unknown>>> = {
  renderer: () => build({ configFile: path.join(root, 'vite.config.ts'), logLevel: 'warn' }),
  desktop: () => Promise.resolve(),
};

for (const name of process.argv[2] === undefined ? Object.keys(builders) : process.argv.slice(2)) {
  if (!Object.hasOwn(builders, name)) throw new Error(`There is nothing called ${name} to build.`);
  const built = name as Built;
  const hash = await sourceHash(root, built);
  await builders[built]();
  await writeFile(path.join(root, 'dist', built, '.built-from'), hash);
}
