/**
 * Makes the installers of this platform (electron-builder.yml) from the folder that `npm run package` packs, which it
 * does first: `npm run make`. With `SCREENFOLD_UPDATES`, the address of a folder, the program looks there for newer
 * versions, and what belongs there is made as well.
 */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { updateSource } from './update-source.ts';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
const updates = updateSource(process.env.SCREENFOLD_UPDATES);
const builder = fileURLToPath(import.meta.resolve('electron-builder/cli.js'));
const forge = fileURLToPath(import.meta.resolve('@electron-forge/cli/dist/electron-forge.js'));
const packed = join(root, 'out', `Screenfold-${process.platform}-${process.arch}`);

const source = updates === undefined ? [] : ['-c.publish.provider=generic', `-c.publish.url=${updates}`];
run(forge, ['package']);
run(builder, [
  '--prepackaged',
  process.platform === 'darwin' ? join(packed, 'Screenfold.app') : packed,
  '--publish',
  'never',
  ...source,
]);

function run(program: string, args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, [program, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
