import type { Updates } from '../studio/surface.ts';

/** The part of electron-updater's `autoUpdater` that is used. */
export interface Updater {
  autoDownload: boolean;
  autoInstallOnAppQuit: boolean;
  on(
    event: 'update-available' | 'update-downloaded',
    listener: (info: { readonly version: string }) => void,
  ): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  checkForUpdates(): Promise<unknown>;
  quitAndInstall(): void;
}

export interface UpdateDependencies {
  readonly updater: Updater;
  readonly training: () => boolean;
  readonly onError: (error: unknown) => void;
  /** Calls back now and then, for as long as the program runs. */
  readonly everyDay?: (act: () => void) => void;
}

const dayInMilliseconds = 24 * 60 * 60 * 1000;

/**
 * Looks for a newer version at the start and each day, and fetches it. It is installed when a person restarts for it
 * or closes Screenfold. While a run trains nothing is looked for, fetched or installed: the machine is busy, and what
 * computes must not be taken away.
 */
export function createUpdates({
  updater,
  training,
  onError,
  everyDay = (act) => setInterval(act, dayInMilliseconds).unref(),
}: UpdateDependencies): Updates {
  let found: { readonly version: string; readonly ready: boolean } | null = null;
  const listeners: (() => void)[] = [];
  const set = (version: string, ready: boolean) => {
    found = { version, ready };
    for (const listener of listeners) listener();
  };
  const look = () => {
    if (training() || found?.ready === true) return;
    // Without a network there is nothing to be said to a person; the log has it.
    updater.checkForUpdates().catch(onError);
  };
  updater.autoDownload = true;
  updater.autoInstallOnAppQuit = true;
  updater.on('update-available', ({ version }) => {
    set(version, false);
  });
  updater.on('update-downloaded', ({ version }) => {
    set(version, true);
  });
  updater.on('error', onError);
  look();
  everyDay(look);
  return {
    current: () => found,
    onChange: (listener) => {
      listeners.push(listener);
    },
    restart: () => {
      if (!training()) updater.quitAndInstall();
    },
  };
}
