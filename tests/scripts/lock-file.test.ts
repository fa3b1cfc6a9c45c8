import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8')) as unknown;

/**
 * Packages with sources for node-gyp that say they need no building (`gypfile`): npm writes that into no lock file, and
 * `npm ci` then builds them all the same, which fails where there is no compiler. So it is written there by hand, and
 * `npm install` drops it.
 */
test('nothing is compiled when Screenfold is installed', () => {
  const { packages } = read('package-lock.json') as {
    readonly packages: Readonly<Record<string, { readonly gypfile?: boolean }>>;
  };
  const compiled = Object.entries(packages).filter(([folder, { gypfile }]) => {
    if (folder === '' || !existsSync(join(root, folder, 'binding.gyp'))) return false;
    const manifest = read(join(folder, 'package.json')) as {
      readonly gypfile?: boolean;
      readonly scripts?: { readonly install?: string };
    };
    return manifest.scripts?.install === undefined && gypfile !== false;
  });
  // Mended by `"gypfile": false` in the package's entry, where it brings its binaries.
  expect(compiled.map(([folder]) => folder)).toEqual([]);
});

test('which packages may run scripts when they are installed is decided', () => {
  const { packages } = read('package-lock.json') as {
    readonly packages: Readonly<
      Record<string, { readonly hasInstallScript?: boolean; readonly optional?: boolean }>
    >;
  };
  const { allowScripts } = read('package.json') as {
    readonly allowScripts: Readonly<Record<string, boolean>>;
  };
  const undecided = Object.entries(packages)
    .filter(([, { hasInstallScript, optional }]) => hasInstallScript === true && optional !== true)
    .map(([folder]) => folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length))
    .filter((name) => allowScripts[name] === undefined);
  expect(undecided).toEqual([]);
});
