import { existsSync } from 'node:fs';
import { join, type PlatformPath, posix, win32 } from 'node:path';

import { isFullPath, pathInside } from './path-inside.ts';

/**
 * The folder that a library was in when it noted this path of its own, as `runs/7` below it; null where the path is of no
 * such form. The library may have come from another system.
 */
export function formerLibrary(path: string, part: string, name: string): string | null {
  const system = systemOf(path);
  const folder = system.dirname(path);
  const isOwn = isFullPath(path) && system.basename(path) === name && system.basename(folder) === part;
  return isOwn ? system.dirname(folder) : null;
}

/** That of a kept model, which lies under any name in `models`. */
export function formerLibraryOfModel(path: string): string | null {
  return formerLibrary(path, 'models', systemOf(path).basename(path));
}

/** That of what a browser sent, if the library still has what was sent under this name: others have such folders, too. */
export function formerLibraryOfUpload(library: string, path: string): string | null {
  const system = systemOf(path);
  // A dropped folder lies one deeper than dropped files.
  for (const folder of [path, system.dirname(path)]) {
    const upload = system.basename(folder);
    const former = upload === '' ? null : formerLibrary(folder, 'uploads', upload);
    if (former !== null && existsSync(join(library, 'uploads', upload))) return former;
  }
  return null;
}

/**
 * A path that was noted in full, as the library has it from now on: from its folder on where it lies, or lay, in that.
 * @param former where the library was when paths were noted
 * @param own it can lie nowhere but in the library, whether it is there or not; else it must be found there
 */
export function pathFromFormer(
  library: string,
  path: string,
  former: readonly string[],
  own: boolean,
): string {
  if (!isFullPath(path)) return path;
  const inside = pathInside(library, path);
  if (inside !== null) return inside;
  for (const folder of former) {
    const rest = restOf(folder, path);
    if (rest !== null && (own || existsSync(join(library, rest)))) return rest;
  }
  return path;
}

function restOf(folder: string, path: string): string | null {
  const system = systemOf(folder);
  return systemOf(path) === system ? pathInside(folder, path, system) : null;
}

function systemOf(path: string): PlatformPath {
  return posix.isAbsolute(path) ? posix : win32;
}
