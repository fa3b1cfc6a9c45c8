import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { link, lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { Failure, messageOf } from '../failure.ts';
import { exists } from './exists.ts';
import { isDiskFull, storageFailure } from './storage-failure.ts';

/** Names of what is being written, or was left by a writer that was killed. */
export const partialName = /\.partial-[0-9a-f]{12}$/;

function partialPath(path: string): string {
  return `${path}.partial-${randomBytes(6).toString('hex')}`;
}

/** The operating system's code of a file system error, as `ENOSPC`; empty for any other error. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : '';
}

const hints: Readonly<Record<string, string>> = {
  EACCES: 'Choose a folder you may write to, or change its permissions.',
  EPERM: 'Choose a folder you may write to, and close programs that have the file open.',
  EROFS: 'This disk is read-only: choose another.',
  EBUSY: 'Close the programs that have the file open and try again.',
  ENAMETOOLONG: 'Choose a shorter name.',
  ENOENT: 'The folder it belongs in is not there: create it, or choose another.',
  ENOTDIR: 'A part of its path is a file, not a folder: choose another path.',
  EEXIST: 'Something else has that name: choose another, or move it away.',
  EISDIR: 'A folder has that name: choose another, or move it away.',
  ENOTEMPTY: 'A folder has that name: choose another, or move it away.',
  ELOOP: 'Its path has links that lead round in a circle: choose another path.',
  EMFILE: 'Too many files are open: close other programs and try again.',
  ENFILE: 'Too many files are open: close other programs and try again.',
  EFBIG: 'This disk takes no file of that size: choose a folder on another disk.',
};

/** What an error of the file system comes to: `disk-full` for want of room, else `write-failed`. */
export function writeFailure(path: string, cause: unknown): Failure {
  const noRoom = isDiskFull(cause) ? storageFailure(cause, path) : null;
  if (noRoom !== null) return noRoom;
  const reason = messageOf(cause);
  const hint = hints[codeOf(cause)] ?? 'Check that the disk is there and in order, and try again.';
  return new Failure('write-failed', `Could not write ${path}: ${reason}`, hint, cause);
}

/**
 * Makes a folder and its parents where they are missing.
 *
 * @throws Failure `write-failed`
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw writeFailure(path, error);
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a rename in `folder` last. Windows cannot open a folder for this and does not need it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** On Windows a scanner or indexer may hold a new file for a moment; a few patient tries get past it. */
async function renamePatiently(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      const passing = process.platform === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(codeOf(error));
      if (!passing || attempt === 6) throw error;
      await wait(30 * attempt * attempt);
    }
  }
}

/** What could not be written whole goes; that it cannot is no news beside why it was not written. */
async function discard(partial: string): Promise<void> {
  await rm(partial, { recursive: true, force: true }).catch(() => undefined);
}

export type FileContent = string | Uint8Array | ((file: FileHandle) => Promise<void>);

/**
 * Writes a file so that at any moment, a crash included, `path` holds its old content or all of the new:
 * temporary file beside it, fsync, rename, fsync of the folder. Text is UTF-8. A function writes to the open file
 * itself, for what is too big to hold at once. Its own errors pass through unless they come from the file system.
 *
 * @throws Failure `write-failed`
 */
export async function writeFileAtomic(path: string, content: FileContent): Promise<void> {
  const partial = partialPath(path);
  try {
    const file = await open(partial, 'wx');
    try {
      if (typeof content === 'function') await content(file);
      else await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await renamePatiently(partial, path);
    await syncFolder(dirname(resolve(path)));
  } catch (error) {
    await discard(partial);
    throw codeOf(error) === '' ? error : writeFailure(path, error);
  }
}

/** What file systems without hard links answer: FAT, and some network drives. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK']);

/**
 * Writes a file that is not there yet, whole or not at all. False where a file or a link, even one that leads nowhere, has the
 * name by then: that is never written over.
 *
 * @throws Failure `write-failed`, also where a folder has the name; `disk-full`
 */
export async function writeNewFileAtomic(path: string, content: string | Uint8Array): Promise<boolean> {
  const partial = partialPath(path);
  try {
    await writeExclusively(partial, content);
    try {
      await link(partial, path);
    } catch (error) {
      if (!noLinks.has(codeOf(error))) throw error;
      await writeExclusively(path, content);
    }
    await syncFolder(dirname(resolve(path)));
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && !(await isFolder(path))) return false;
    throw codeOf(error) === '' ? error : writeFailure(path, error);
  } finally {
    await discard(partial);
  }
}

/** Where it cannot be written whole, it is not there. */
async function writeExclusively(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(content);
    await file.sync();
    await file.close();
  } catch (error) {
    await file.close().catch(() => undefined);
    await discard(path);
    throw error;
  }
}

function isFolder(path: string): Promise<boolean> {
  return lstat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}

async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await sync(path);
  }
  await syncFolder(folder);
}

/**
 * Makes a folder that is either whole or not there: `fill` writes into `<path>.partial-…`, which is then synced
 * and renamed. Missing parent folders are made.
 *
 * @throws Failure `output-exists` where `path` is taken, `write-failed`
 */
export async function writeFolderAtomic(
  path: string,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  if (await exists(resolve(path))) {
    throw new Failure('output-exists', `${path} already exists`, 'Choose another name, or move it away.');
  }
  await fillFolder(path, fill, renamePatiently);
}

/**
 * The same over a folder that may be there, which stays as it is until the new one is whole. Only for a folder nobody else
 * writes to.
 *
 * @throws Failure `write-failed`, also where the system lets nobody move the folder that is there, as it is in use
 */
export async function replaceFolderAtomic(
  path: string,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  await fillFolder(path, fill, async (partial, target) => {
    const aside = (await exists(target)) ? partialPath(target) : null;
    if (aside !== null) await renamePatiently(target, aside);
    try {
      await renamePatiently(partial, target);
    } catch (error) {
      if (aside !== null) await renamePatiently(aside, target);
      throw error;
    }
    if (aside !== null) await discard(aside);
  });
}

/**
 * Removes a folder at once, as others see it: it goes under the name of what was left by a writer, and then piece by piece. Nothing
 * of it goes where the system lets nobody move it, as it is in use.
 *
 * @throws Failure `write-failed`
 */
export async function removeFolderAtomic(path: string): Promise<void> {
  const target = resolve(path);
  const aside = partialPath(target);
  try {
    await renamePatiently(target, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw writeFailure(path, error);
  }
  await discard(aside);
}

async function fillFolder(
  path: string,
  fill: (folder: string) => Promise<void>,
  place: (partial: string, target: string) => Promise<void>,
): Promise<void> {
  const target = resolve(path);
  const partial = partialPath(target);
  try {
    await mkdir(partial, { recursive: true });
    await fill(partial);
    await syncTree(partial);
    await place(partial, target);
    await syncFolder(dirname(target));
  } catch (error) {
    await discard(partial);
    throw codeOf(error) === '' ? error : writeFailure(path, error);
  }
}

/**
 * Removes what writers killed half-way left directly in `folder`. Only for a folder nobody is writing to.
 * Returns the names removed.
 */
export async function removePartialWrites(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => partialName.test(name));
  for (const name of names) await rm(join(folder, name), { recursive: true, force: true });
  return names;
}

/** Pictures, sheets and texts are written within seconds: what has been as it is for so long is nobody's, in milliseconds. */
const abandonedAfter = 5 * 60_000;

/**
 * The same for a folder of pictures, sheets or texts that somebody else may be writing to: of files alone, and of those that nobody
 * has added to for minutes. Nothing depends on it, so what cannot be removed stays.
 */
export async function removeAbandonedWrites(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => partialName.test(name));
  for (const path of names.map((name) => join(folder, name))) {
    const found = await stat(path).catch(() => null);
    if (found?.isFile() !== true || Date.now() - found.mtimeMs < abandonedAfter) continue;
    await rm(path, { force: true }).catch(() => undefined);
  }
}
