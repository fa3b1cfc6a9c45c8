import { lstatSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { partialName } from '../../native/files/atomic-file.ts';
import type { FailureData } from '../contract/values.ts';
import { companionsOf } from '../library/export-places.ts';
import { nameIn, removeMarked } from '../library/partial-folder.ts';
import { isModelFolder, removeUnmarked } from '../library/unmarked-leftover.ts';

/**
 * What became of an export that was under way when Screenfold ended: it is put in its place whole or not at all, so it is
 * ready where something is there. What was half-made beside its place is removed.
 */
export function endOfInterrupted(
  path: string,
): { readonly bytes: number } | { readonly failure: FailureData } {
  removeHalfMade(path);
  const bytes = bytesOf(path);
  if (bytes !== null) return { bytes };
  return {
    failure: {
      code: 'export-interrupted',
      message: 'Screenfold closed before this export was finished.',
      hint: 'Export it again. Nothing half-made was left behind.',
    },
  };
}

function removeHalfMade(path: string): void {
  const [folder, name] = [dirname(path), basename(path)];
  for (const other of namesIn(folder)) {
    const found = join(folder, other);
    if (nameIn(other) === name) {
      removeUnfollowed(path, found);
      if (!removeMarked(found)) removeUnmarked(found);
    } else if (other.startsWith(`${name}.`) && partialName.test(other) && isWrittenByExport(found))
      rmSync(found, { recursive: true, force: true });
  }
}

function isWrittenByExport(found: string): boolean {
  const entry = lstatSync(found, { throwIfNoEntry: false });
  return entry?.isFile() === true || (entry?.isDirectory() === true && isModelFolder(found));
}

/** None where the folder is gone, or is another's now. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** What was put beside a model that did not follow: it is still in the other folder, too. */
function removeUnfollowed(path: string, partial: string): void {
  const fileOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.ino;
  if (fileOf(path) !== undefined) return;
  for (const beside of companionsOf(path)) {
    const own = fileOf(join(partial, basename(beside)));
    if (own !== undefined && own === fileOf(beside)) rmSync(beside);
  }
}

/** Null where nothing is there. */
function bytesOf(path: string): number | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true) return found?.size ?? null;
  return readdirSync(path).reduce((sum, name) => sum + (bytesOf(join(path, name)) ?? 0), 0);
}
