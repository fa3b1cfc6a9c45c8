import path from 'node:path';

export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly home: string;
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
  // The specification wants a relative path ignored.
  const root = XDG_CACHE_HOME && path.isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : path.join(home, '.cache');
  return path.join(root, 'screenfold');
}
