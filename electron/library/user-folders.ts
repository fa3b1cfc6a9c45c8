import { isAbsolute, join, resolve } from 'node:path';

export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly home: string;
}

/**
 * Where a person's library is unless they chose otherwise; `SCREENFOLD_LIBRARY` overrules it. Under the documents
 * where platforms have such a folder, since it holds work and no settings.
 */
export function userLibraryFolder({ platform, environment, home }: Surroundings): string {
  const { SCREENFOLD_LIBRARY, XDG_DATA_HOME } = environment;
  if (SCREENFOLD_LIBRARY) return resolve(SCREENFOLD_LIBRARY);
  if (platform === 'win32' || platform === 'darwin') return join(home, 'Documents', 'Screenfold');
  const root = absolute(XDG_DATA_HOME) ?? join(home, '.local', 'share');
  return join(root, 'screenfold');
}

/** Where the few things are kept that must be known before the library is open. */
export function userConfigFolder({ platform, environment, home }: Surroundings): string {
  const { SCREENFOLD_CONFIG, APPDATA, XDG_CONFIG_HOME } = environment;
  if (SCREENFOLD_CONFIG) return resolve(SCREENFOLD_CONFIG);
  if (platform === 'win32') return join(APPDATA ?? join(home, 'AppData', 'Roaming'), 'Screenfold');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Screenfold');
  return join(absolute(XDG_CONFIG_HOME) ?? join(home, '.config'), 'screenfold');
}

/**
 * Where a user's programs keep what can be made again, by the custom of each platform (XDG Base Directory
 * Specification on Linux); `SCREENFOLD_CACHE` overrules it.
 */
export function userCacheFolder({ platform, environment, home }: Surroundings): string {
  const { SCREENFOLD_CACHE, LOCALAPPDATA, XDG_CACHE_HOME } = environment;
  if (SCREENFOLD_CACHE) return resolve(SCREENFOLD_CACHE);
  if (platform === 'win32')
    return join(LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'Screenfold', 'Cache');
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'Screenfold');
  return join(absolute(XDG_CACHE_HOME) ?? join(home, '.cache'), 'screenfold');
}

/** The specification wants a relative path ignored. */
function absolute(folder: string | undefined): string | null {
  return folder && isAbsolute(folder) ? folder : null;
}
