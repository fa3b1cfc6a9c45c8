import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { modelFolders } from '../../native/facts/model-formats.ts';
import { partialName } from '../../native/files/atomic-file.ts';
import { lockFile } from '../../native/files/process-lock.ts';
import { companionsOf } from './export-places.ts';
import { isMarked, lockName, nameIn } from './partial-folder.ts';

/**
 * Removes a folder out of sight that an older Screenfold, which did not mark them, may have left: nobody holds it, and nothing is in
 * it but what an export writes. Only where an export of that name was under way, or all exports are Screenfold's own. Whether it did.
 */
export function removeUnmarked(path: string): boolean {
  try {
    if (!isLikeExport(path)) return false;
    const lock = join(path, lockName);
    // Locking would make one where there is none.
    const release = isFile(lock) ? lockFile(lock) : () => undefined;
    if (release === null) return false;
    try {
      for (const name of readdirSync(path))
        if (name !== lockName) rmSync(join(path, name), { recursive: true });
    } finally {
      release();
    }
    rmSync(path, { recursive: true });
    return true;
  } catch {
    return false;
  }
}

function isLikeExport(path: string): boolean {
  const name = nameIn(path);
  if (name === null || !isFolder(path) || isMarked(path)) return false;
  const output = join(path, name);
  const written = new Set([output, ...companionsOf(output)]);
  return readdirSync(path).every((entry) => {
    const inside = join(path, entry);
    if (entry === lockName) return isFile(inside);
    if (!written.has(inside.replace(partialName, ''))) return false;
    return isFolder(inside) ? isModelFolder(inside) : isFile(inside);
  });
}

const parts = new Set<string>(modelFolders);
const modelFile = /\.(json|safetensors|onnx|onnx_data|bin)$|^(README\.md|proof\.png|merges\.txt)$/;

/** Whether nothing is in a folder but what an export writes of a model in a folder, perhaps half of it. */
export function isModelFolder(folder: string, isPart = false): boolean {
  return readdirSync(folder).every((entry) => {
    const inside = join(folder, entry);
    const name = entry.replace(partialName, '');
    if (isFolder(inside)) return !isPart && parts.has(name) && isModelFolder(inside, true);
    return isFile(inside) && modelFile.test(name);
  });
}

/** Links count for neither. */
function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
