import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { Failure } from '../../native/failure.ts';
import { exists } from '../../native/files/exists.ts';

/** A name that is free in a folder, also for the card of a model: `name`, else `name 2` and so on. */
export async function freePath(folder: string, name: string, extension = ''): Promise<string> {
  for (let count = 1; ; count++) {
    const candidate = join(folder, `${name}${count === 1 ? '' : ` ${count}`}${extension}`);
    if (!(await exists(candidate)) && !(await exists(cardBeside(candidate)))) return candidate;
  }
}

/** Where the card of a model in a file lies; of anything else the path itself. */
function cardBeside(output: string): string {
  return output.replace(/\.safetensors$/i, '.md');
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
  await refuseTaken(cardBeside(output));
  const folder = dirname(output);
  const partial = join(folder, `.${basename(output)}.partial`);
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  try {
    const made = join(partial, basename(output));
    const result = await write(made);
    const card = cardBeside(made);
    if (card !== made && (await exists(card))) await rename(card, join(folder, basename(card)));
    await rename(made, output);
    return result;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
