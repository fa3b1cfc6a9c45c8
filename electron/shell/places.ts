import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { type Resources, resourcesOf } from '../studio/domains.ts';

export interface Places {
  readonly pageFolder: string;
  readonly preload: string;
  readonly engine: string;
  readonly probe: string;
  readonly pictures: string;
  readonly icon: string;
  readonly resources: Resources;
}

/**
 * Where the program's parts lie. What native code reads by path, as models and pictures, lies beside a packed
 * program's archive and not in it.
 * @param appPath the archive, or the project's folder
 */
export function placesOf(appPath: string, resourcesPath: string, packed: boolean): Places {
  const built = join(appPath, 'dist', 'desktop');
  const resources = packed ? resourcesPath : join(appPath, 'resources');
  return {
    pageFolder: join(appPath, 'dist', 'renderer'),
    preload: join(built, 'preload.cjs'),
    engine: join(built, 'engine.js'),
    probe: join(built, 'probe.js'),
    pictures: join(built, 'pictures.js'),
    icon: join(resources, 'icon', 'icon.png'),
    resources: resourcesOf(resources),
  };
}

/** The library named by `--library=…`; null where none is. */
export function libraryArgument(args: readonly string[], workingFolder: string): string | null {
  const prefix = '--library=';
  const named = args.find((arg) => arg.startsWith(prefix))?.slice(prefix.length) ?? '';
  return named === '' ? null : resolve(workingFolder, named);
}

/** Whether this program was packed with word of where newer versions are found, which has to be by https. */
export function hasUpdateSource(resourcesPath: string): boolean {
  const file = join(resourcesPath, 'app-update.yml');
  return existsSync(file) && /^url: "?https:\/\//m.test(readFileSync(file, 'utf8'));
}
