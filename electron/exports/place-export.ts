import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { Failure } from '../../native/failure.ts';
import { exists } from '../../native/files/exists.ts';
import { companionsOf } from './export-places.ts';

/** A name that is free in a folder, also for what lies beside a model: `name`, else `name 2` and so on. */
export async function freePath(folder: string, name: string, extension = ''): Promise<string> {
  for (let count = 1; ; count++) {
    const candidate = join(folder, `${name}${count === 1 ? '' : ` ${count}`}${extension}`);
    const taken = await Promise.all([candidate, ...companionsOf(candidate)].map(exists));
    if (!taken.includes(true)) return candidate;
  }
}

/** Throws Failure `output-exists`. */
export async function refuseTaken(
  output: string,
  hint = 'Choose another name, or move it away.',
): Promise<void> {
  if (await exists(output)) throw new Failure('output-exists', `${output} exists already.`, hint);
}

/**
 * Lets something of several files come into being out of sight, under its own name, and moves it to its place when it is
 * whole. Whatever ends it before leaves nothing behind, or at worst a folder named `.partial` of it.
 * @param write makes `output` (and perhaps files beside it) in the folder it is given
 */
export async function placeWhole<T>(output: string, write: (inside: string) => Promise<T>): Promise<T> {
  await refuseTaken(output);
  for (const beside of companionsOf(output)) await refuseTaken(beside);
  const folder = dirname(output);
  const partial = join(folder, `.${basename(output)}.partial`);
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  try {
    const made = join(partial, basename(output));
    const result = await write(made);
    for (const beside of companionsOf(made))
      if (await exists(beside)) await rename(beside, join(folder, basename(beside)));
    await rename(made, output);
    return result;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
