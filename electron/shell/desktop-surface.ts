import { rememberLibrary } from '../library/library-choice.ts';
import type { Surroundings } from '../library/user-folders.ts';
import type { HostSurface, Updates } from '../studio/surface.ts';
import { type Dialogs, pickPaths } from './dialogs.ts';

export interface DesktopSurfaceDependencies {
  readonly electron: string;
  readonly dialogs: Dialogs;
  readonly showItemInFolder: (path: string) => void;
  readonly updates: Updates | null;
  readonly surroundings: Surroundings;
}

/** What the window's program can do for the studio. */
export function desktopSurface(dependencies: DesktopSurfaceDependencies): HostSurface {
  const { electron, dialogs, showItemInFolder, updates, surroundings } = dependencies;
  return {
    host: 'desktop',
    electron,
    pick: (request) => pickPaths(request, dialogs),
    reveal: showItemInFolder,
    updates,
    rememberLibraryFolder: (folder) => rememberLibrary(surroundings, folder),
  };
}
