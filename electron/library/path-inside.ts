import platformPath, { type PlatformPath } from 'node:path';

/** From the folder to what lies in it, with slashes on every system; null where it lies elsewhere. */
export function pathInside(folder: string, path: string, system: PlatformPath = platformPath): string | null {
  const inside = system.relative(folder, path);
  const isElsewhere = inside === '..' || inside.startsWith(`..${system.sep}`) || system.isAbsolute(inside);
  return inside === '' || isElsewhere ? null : inside.replaceAll(system.sep, '/');
}
