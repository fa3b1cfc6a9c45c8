import { dirname, isAbsolute, join } from 'node:path';

import type { LibraryDatabase } from './database.ts';
import { isFullPath, pathInside } from './path-inside.ts';

/**
 * Paths as the database has them and as they are. What lies in the library's folder is noted from there on, so that a
 * library may be moved or copied; what lies elsewhere is noted in full.
 */
export interface LibraryPaths {
  /** For a row; an empty path stays one. */
  readonly stored: (path: string) => string;
  /** Of a row: where it lies now. */
  readonly absolute: (stored: string) => string;
}

export function libraryPathsOf(database: LibraryDatabase): LibraryPaths {
  // In memory there is no folder that could be moved.
  if (database.memory) return { stored: (path) => path, absolute: (path) => path };
  const folder = dirname(database.name);
  return {
    stored: (path) => {
      const inside = isAbsolute(path) ? pathInside(folder, path) : null;
      return inside ?? path;
    },
    absolute: (stored) => (stored === '' || isFullPath(stored) ? stored : join(folder, stored)),
  };
}
