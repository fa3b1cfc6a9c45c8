import type { Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../../../native/failure.ts';

export interface FoundFile {
  /** Relative to the scanned folder, with forward slashes, in Unicode's composed form. */
  readonly id: string;
  readonly path: string;
}

export interface ScannedFile extends FoundFile {
  readonly bytes: number;
  /** Whole milliseconds since 1970. */
  readonly modifiedAt: number;
}

/** Left by operating systems and archivers beside what a person put there. */
const litter = new Set(['thumbs.db', 'desktop.ini', '__macosx', '$recycle.bin', '@eadir']);

/**
 * All files under a folder, sorted by id, without hidden ones and operating systems' own. Links are followed, each
 * folder once.
 * @throws Failure `dataset-missing`: no such folder, not a folder, or not readable
 */
export async function scanFolder(folder: string): Promise<readonly ScannedFile[]> {
  const files: ScannedFile[] = [];
  const visited = new Set<string>();

  async function visit(path: string, prefix: string): Promise<void> {
    const real = await realpath(path);
    if (visited.has(real)) return;
    visited.add(real);
    for (const name of await readdir(path)) {
      if (name.startsWith('.') || litter.has(name.toLowerCase())) continue;
      const entry = join(path, name);
      const info = await stat(entry).catch(() => null);
      if (info?.isDirectory() === true) await visit(entry, `${prefix}${name}/`);
      else if (info?.isFile() === true) files.push(scanned(prefix + name, entry, info));
    }
  }

  try {
    await visit(folder, '');
  } catch (cause) {
    throw missing(folder, cause);
  }
  return composed(files);
}

/**
 * Some files of one folder, by name; those that are no longer there are left out.
 */
export async function scanFiles(folder: string, names: readonly string[]): Promise<readonly ScannedFile[]> {
  const files: ScannedFile[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const info = await stat(path).catch(() => null);
    if (info?.isFile() === true) files.push(scanned(name, path, info));
  }
  return composed(files);
}

function scanned(id: string, path: string, { size, mtimeMs }: Stats): ScannedFile {
  return { id, path, bytes: size, modifiedAt: Math.floor(mtimeMs) };
}

/** File systems differ in how they write `ü`; ids must not. Two names that only differ in that keep their own. */
function composed(files: readonly ScannedFile[]): readonly ScannedFile[] {
  const taken = new Map<string, number>();
  for (const { id } of files) taken.set(id.normalize('NFC'), (taken.get(id.normalize('NFC')) ?? 0) + 1);
  return files
    .map((file) => ({
      ...file,
      id: taken.get(file.id.normalize('NFC')) === 1 ? file.id.normalize('NFC') : file.id,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function missing(folder: string, cause: unknown): Failure {
  const { code } = cause as NodeJS.ErrnoException;
  const reason =
    code === 'ENOENT'
      ? 'there is no such folder'
      : code === 'ENOTDIR'
        ? 'it is a file, not a folder'
        : cause instanceof Error
          ? cause.message
          : String(cause);
  return new Failure(
    'dataset-missing',
    `${folder} cannot be read as a data set: ${reason}`,
    'Choose the folder that holds the images.',
    cause,
  );
}
