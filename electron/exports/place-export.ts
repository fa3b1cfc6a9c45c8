import { link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { Failure } from '../../native/failure.ts';
import { makeFolder, writeFailure } from '../../native/files/atomic-file.ts';
import { exists } from '../../native/files/exists.ts';
import { lockFile } from '../../native/files/process-lock.ts';
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
  if (await exists(output)) throw taken(output, hint);
}

function taken(output: string, hint = 'Choose another name, or move it away.'): Failure {
  return new Failure('output-exists', `${output} exists already.`, hint);
}

/** Of the folder that an export comes into being in: held by who writes there. */
const lockName = '.lock';

/** Out of sight, beside the place it is for. */
export function partialOf(output: string): string {
  return join(dirname(output), `.${basename(output)}.partial`);
}

/**
 * Lets something of several files come into being out of sight, under its own name, and puts it in its place when it is
 * whole. Whatever ends it before leaves nothing behind, or at worst a folder named `.partial` of it. What came to its place
 * meanwhile stays.
 *
 * @param write makes `output` (and perhaps files beside it) in the folder it is given
 * @throws Failure `output-exists`, `output-busy` where somebody else is writing it, `write-failed`
 */
export async function placeWhole<T>(output: string, write: (inside: string) => Promise<T>): Promise<T> {
  await refuseTaken(output);
  for (const beside of companionsOf(output)) await refuseTaken(beside);
  await makeFolder(dirname(output));
  const partial = partialOf(output);
  const release = await takePartial(partial, output);
  await clearAbandoned(dirname(output), partial);
  try {
    await emptyBut(partial, lockName);
    const made = join(partial, basename(output));
    const result = await write(made);
    await settle(made, output);
    return result;
  } catch (error) {
    throw inItsPlace(error, partial, dirname(output));
  } finally {
    release();
    await rm(partial, { recursive: true, force: true });
  }
}

/** Nobody knows the folder out of sight: what a failure says is of the place it is for. */
function inItsPlace(error: unknown, partial: string, folder: string): unknown {
  if (!(error instanceof Failure) || !error.message.includes(partial)) return error;
  return new Failure(error.code, error.message.replaceAll(partial, folder), error.hint, error);
}

async function takePartial(partial: string, output: string): Promise<() => void> {
  try {
    await mkdir(partial).catch(ignore('EEXIST'));
    const release = lockFile(join(partial, lockName));
    if (release !== null) return release;
  } catch (error) {
    throw writeFailure(output, error);
  }
  throw busy(output);
}

export function busy(output: string): Failure {
  return new Failure(
    'output-busy',
    `${output} is being written already.`,
    'Wait for it, or choose another name.',
  );
}

/** What killed exports left beside it, of whatever name: folders out of sight whose lock nobody holds. */
async function clearAbandoned(folder: string, own: string): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^\..+\.partial$/.test(name));
  for (const path of names.map((name) => join(folder, name)).filter((one) => one !== own)) {
    const lock = join(path, lockName);
    if (!(await exists(lock))) continue;
    const release = lockFile(lock);
    if (release === null) continue;
    release();
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function emptyBut(folder: string, kept: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name !== kept) await rm(join(folder, name), { recursive: true, force: true });
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

function ignore(code: string): (error: unknown) => void {
  return (error) => {
    if (codeOf(error) !== code) throw error;
  };
}
