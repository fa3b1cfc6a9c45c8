import path from 'node:path';

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
  if (SCREENFOLD_LIBRARY) return path.resolve(SCREENFOLD_LIBRARY);
  if (platform === 'win32' || platform === 'darwin') return path.join(home, 'Documents', 'Screenfold');
  const root = absolute(XDG_DATA_HOME) ?? path.join(home, '.local', 'share');
  return path.join(root, 'screenfold');
}

/** Where the few things are kept that must be known before the library is open. */
export function userConfigFolder({ platform, environment, home }: Surroundings): string {
  const { SCREENFOLD_CONFIG, APPDATA, XDG_CONFIG_HOME } = environment;
  if (SCREENFOLD_CONFIG) return path.resolve(SCREENFOLD_CONFIG);
  if (platform === 'win32') return path.join(APPDATA ?? path.join(home, 'AppData', 'Roaming'), 'Screenfold');
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'Screenfold');
  return path.join(absolute(XDG_CONFIG_HOME) ?? path.join(home, '.config'), 'screenfold');
}

/**
 * Where a user's programs keep what can be made again, by the custom of each platform (XDG Base Directory
 * Specification on Linux); `SCREENFOLD_CACHE` overrules it.
 */
export function userCacheFolder({ platform, environment, home }: Surroundings): string {
  const { SCREENFOLD_CACHE, LOCALAPPDATA, XDG_CACHE_HOME } = environment;
  if (SCREENFOLD_CACHE) return path.resolve(SCREENFOLD_CACHE);
  if (platform === 'win32')
    return path.join(LOCALAPPDATA ?? path.join(home, 'AppData', 'Local'), 'Screenfold', 'Cache');
  if (platform === 'darwin') return path.join(home, 'Library', 'Caches', 'Screenfold');
  return path.join(absolute(XDG_CACHE_HOME) ?? path.join(home, '.cache'), 'screenfold');
}

/** The specification wants a relative path ignored. */
function absolute(folder: string | undefined): string | null {
  return folder && path.isAbsolute(folder) ? folder : null;
}
