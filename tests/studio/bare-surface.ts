import type { HostSurface } from '../../electron/studio/surface.ts';

/** What a host with no system around it offers: no dialogs, no file manager, no updates. */
export function bareSurface(host: HostSurface['host']): HostSurface {
  return {
    host,
    electron: null,
    pick: null,
    reveal: null,
    updates: null,
    rememberLibraryFolder: () => Promise.resolve(),
  };
}
