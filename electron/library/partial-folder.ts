import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { writeFailure } from '../../native/files/atomic-file.ts';
import { lockFile } from '../../native/files/process-lock.ts';

/** Held by who writes there. */
export const lockName = '.lock';
const markerName = '.screenfold-export';
const markerText =
  'Screenfold writes an export in this folder, and removes the folder with all that is in it.\n';
const own: ReadonlySet<string> = new Set([lockName, markerName]);
const partialFolder = /^\.(.+)\.partial(-\d+)?$/;

export interface HeldFolder {
  readonly path: string;
  /** Gives it back, with nothing in it removed. */
  readonly release: () => void;
}

/** Out of sight, beside the place it is for. */
export function partialOf(output: string): string {
  return join(dirname(output), `.${basename(output)}.partial`);
}

/** The name that a folder out of sight is for; null where its name is another. */
export function nameIn(partial: string): string | null {
  return partialFolder.exec(basename(partial))?.[1] ?? null;
}

/** Whether an export made it: told by a file in it, since anybody may call a folder so. */
export function isMarked(folder: string): boolean {
  try {
    return lstatSync(folder).isDirectory() && readFileSync(join(folder, markerName), 'utf8') === markerText;
  } catch {
    return false;
  }
}

/**
 * Makes the folder that an export comes into being in, or takes over what a killed one left, emptied. Past a folder of that name
 * that is somebody else's, it has another.
 *
 * @returns null where somebody is writing that export
 * @throws Failure `write-failed`, `disk-full`
 */
export async function takePartial(output: string): Promise<HeldFolder | null> {
  for (let count = 1; ; count++) {
    const path = `${partialOf(output)}${count === 1 ? '' : `-${count}`}`;
    const made = make(path, output);
    if (made !== null) return made;
    if (!isMarked(path)) continue;
    const found = hold(path);
    if (found === 'busy') return null;
    if (found === 'foreign') continue;
    try {
      await emptyBut(path);
    } catch (error) {
      found.release();
      throw writeFailure(output, error);
    }
    return found;
  }
}

/**
 * Null where something has the name. In one go, and marked only when it is locked: who sees the mark of a folder that nobody holds may
 * remove it.
 */
function make(path: string, output: string): HeldFolder | null {
  try {
    mkdirSync(path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return null;
    throw writeFailure(output, error);
  }
  const lock = join(path, lockName);
  let release: (() => void) | null = null;
  try {
    release = lockFile(lock);
    if (release === null) return null;
    writeFileSync(join(path, markerName), markerText, { flag: 'wx' });
    return { path, release };
  } catch (error) {
    release?.();
    // What came into it meanwhile stays.
    attempt(() => {
      for (const file of own) rmSync(join(path, file), { force: true });
      rmdirSync(path);
    });
    throw writeFailure(output, error);
  }
}

/** Takes the lock of a folder that is marked. `foreign`: what lies there is no lock, or the folder is gone. */
function hold(path: string): HeldFolder | 'busy' | 'foreign' {
  let release: (() => void) | null;
  try {
    release = lockFile(join(path, lockName));
  } catch {
    return 'foreign';
  }
  if (release === null) return 'busy';
  // Whoever had it may have removed it since.
  if (isMarked(path)) return { path, release };
  release();
  return 'foreign';
}

/** Removes a folder that is held, and gives it back only then. What cannot be removed stays, for the next export to clear. */
export async function removeHeld(held: HeldFolder): Promise<void> {
  // Of gigabytes that takes a while, which nobody should wait for.
  await emptyBut(held.path).catch(() => undefined);
  removeHeldNow(held);
}

function removeHeldNow({ path, release }: HeldFolder): void {
  const last = () => {
    rmSync(join(path, lockName), { force: true });
    rmdirSync(path);
  };
  try {
    for (const name of readdirSync(path))
      if (!own.has(name)) rmSync(join(path, name), { recursive: true, force: true });
    rmSync(join(path, markerName), { force: true });
    last();
  } catch {
    release();
    // Windows removes no open file, and the lock is one.
    if (!isMarked(path)) attempt(last);
    return;
  }
  release();
}

/** What killed exports left in a folder, of whatever name. */
export async function clearAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (nameIn(name) !== null) removeMarked(join(folder, name));
  }
}

/** Removes a folder that an export made and nobody writes in. Whether it did. */
export function removeMarked(path: string): boolean {
  if (!isMarked(path)) return false;
  const found = hold(path);
  if (typeof found === 'string') return false;
  removeHeldNow(found);
  return !existsSync(path);
}

async function emptyBut(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (!own.has(name)) await rm(join(folder, name), { recursive: true, force: true });
}

/** Nothing depends on it. */
function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // It stays as it is.
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
