import { existsSync } from 'node:fs';
import path from 'node:path';
import { resourcesOf, type Resources } from '../studio/domains.ts';

export interface Places {
  readonly pageFolder: string;
  readonly preload: string;
  readonly engine: string;
  readonly probe: string;
  readonly icon: string;
  readonly resources: Resources;
}

/**
 * Where the program's parts lie. What native code reads by path, as models and pictures, lies beside a packed
 * program's archive and not in it.
 * @param appPath the archive, or the project's folder
 */
export function placesOf(appPath: string, resourcesPath: string, packed: boolean): Places {
  const built = path.join(appPath, 'dist', 'desktop');
  const resources = packed ? resourcesPath : path.join(appPath, 'resources');
  return {
    pageFolder: path.join(appPath, 'dist', 'renderer'),
    preload: path.join(built, 'preload.cjs'),
    engine: path.join(built, 'engine.js'),
    probe: path.join(built, 'probe.js'),
    icon: path.join(resources, 'icon', 'icon.png'),
    resources: resourcesOf(resources),
  };
}

/** The library named by `--library=…`; null where none is. */
export function libraryArgument(args: readonly string[], workingFolder: string): string | null {
  const prefix = '--library=';
  const named = args.find((arg) => arg.startsWith(prefix))?.slice(prefix.length) ?? '';
  return named === '' ? null : path.resolve(workingFolder, named);
}

/** Whether this program was packed with word of where newer versions are found. */
export function hasUpdateSource(resourcesPath: string): boolean {
  return existsSync(path.join(resourcesPath, 'app-update.yml'));
}
