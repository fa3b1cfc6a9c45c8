import platformPath, { type PlatformPath, posix, win32 } from 'node:path';

/** In a library's folder. */
export const databaseName = 'library.sqlite';

/** From the folder to what lies in it, with slashes on every system; null where it lies elsewhere. */
export function pathInside(folder: string, path: string, system: PlatformPath = platformPath): string | null {
  const inside = system.relative(folder, path);
  const isElsewhere = inside === '..' || inside.startsWith(`..${system.sep}`) || system.isAbsolute(inside);
  return inside === '' || isElsewhere ? null : inside.replaceAll(system.sep, '/');
}

/** In full for any system: a library may have come from another one. */
export function isFullPath(path: string): boolean {
  return posix.isAbsolute(path) || win32.isAbsolute(path);
}
