import { link, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { Failure } from '../../native/failure.ts';
import { makeFolder, writeFailure } from '../../native/files/atomic-file.ts';
import { exists } from '../../native/files/exists.ts';
import { companionsOf } from '../library/export-places.ts';
import { clearAbandoned, removeHeld, takePartial } from '../library/partial-folder.ts';

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
  if (await exists(output)) throw taken(output, hint);
}

function taken(output: string, hint = 'Choose another name, or move it away.'): Failure {
  return new Failure('output-exists', `${output} exists already.`, hint);
}

/**
 * Lets something of several files come into being out of sight, under its own name, and puts it in its place when it is
 * whole. Whatever ends it before leaves nothing behind, or at worst a marked folder named `.partial` of it. What came to its place
 * meanwhile stays.
 *
 * @param write makes `output` (and perhaps files beside it) in the folder it is given
 * @throws Failure `output-exists`, `output-busy` where somebody else is writing it, `write-failed`
 */
export async function placeWhole<T>(output: string, write: (inside: string) => Promise<T>): Promise<T> {
  await refuseTaken(output);
  for (const beside of companionsOf(output)) await refuseTaken(beside);
  await makeFolder(dirname(output));
  const held = await takePartial(output);
  if (held === null) throw busy(output);
  try {
    await clearAbandoned(dirname(output));
    const made = join(held.path, basename(output));
    const result = await write(made);
    await settle(made, output);
    return result;
  } catch (error) {
    throw inItsPlace(error, held.path, dirname(output));
  } finally {
    await removeHeld(held);
  }
}

/** Nobody knows the folder out of sight: what a failure says is of the place it is for. */
function inItsPlace(error: unknown, partial: string, folder: string): unknown {
  if (!(error instanceof Failure) || !error.message.includes(partial)) return error;
  return new Failure(error.code, error.message.replaceAll(partial, folder), error.hint, error);
}

export function busy(output: string): Failure {
  return new Failure(
    'output-busy',
    `${output} is being written already.`,
    'Wait for it, or choose another name.',
  );
}

/** What lies beside a model goes first, and goes again where the model cannot follow: the model is what says that all is there. */
async function settle(made: string, output: string): Promise<void> {
  const moved: string[] = [];
  try {
    for (const beside of companionsOf(made)) {
      if (!(await exists(beside))) continue;
      const place = join(dirname(output), basename(beside));
      await putInPlace(beside, place);
      moved.push(place);
    }
    await putInPlace(made, output);
  } catch (error) {
    for (const place of moved) await rm(place, { force: true });
    throw error;
  }
}

/** Over nothing that is there. A link is made of a file, which a rename would put over another. */
async function putInPlace(from: string, to: string): Promise<void> {
  if ((await stat(from)).isDirectory()) {
    await refuseTaken(to);
    await rename(from, to).catch((error: unknown) => {
      throw ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error)) ? taken(to) : writeFailure(to, error);
    });
    return;
  }
  try {
    await link(from, to);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw taken(to);
    // There are file systems without links, on cards and shares.
    await refuseTaken(to);
    await rename(from, to).catch((reason: unknown) => {
      throw writeFailure(to, reason);
    });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
