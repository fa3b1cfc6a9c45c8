/**
 * What takes minutes and is no part of `npm test`: `npm run test:hard`, or one of them by name with a count,
 * `npm run test:hard -- kills --count 10`. Each says its figures in a line.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const all = [
  'fuzz-readers',
  'fuzz-model-files',
  'fuzz-contract',
  'connections',
  'clock',
  'disk-full',
  'kills',
];
const [, , first, ...rest] = process.argv;
const named = first !== undefined && !first.startsWith('--');
if (named && !all.includes(first)) throw new Error(`There is no ${first}; there are ${all.join(', ')}.`);
const options = named ? rest : process.argv.slice(2);
for (const name of named ? [first] : all) {
  const script = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const { status } = spawnSync(process.execPath, [script, ...options], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
