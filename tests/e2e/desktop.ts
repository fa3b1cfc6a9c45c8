import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { _electron, type Page } from 'playwright-core';

import { ensureBuilt } from '../../electron/cli/open/built-files.ts';
import { electronProgram } from '../../electron/cli/open/electron-program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Why the specs cannot be played in the desktop's window here; null where they can. */
export function desktopLacks(): string | null {
  if (electronProgram(root, process.env) === null) return 'the program of Electron is not installed';
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (process.platform === 'linux' && !DISPLAY && !WAYLAND_DISPLAY) return 'there is no screen';
  return null;
}

export interface Desktop {
  readonly page: Page;
  /** Has the system's dialogs answer with this from now on, since nobody is there to click in them. */
  readonly answerDialogs: (filePaths: readonly string[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The desktop program itself over a library, and its window's page. */
export async function openDesktop(libraryFolder: string): Promise<Desktop> {
  await ensureBuilt(root, 'desktop', { onBuild: () => undefined, onLine: () => undefined });
  // Chromium's own sandbox refuses the superuser, whom build machines and containers often run as.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const program = await _electron.launch({
    executablePath: electronProgram(root, process.env)!,
    args: [...args, resolve(root), `--library=${libraryFolder}`],
  });
  return {
    page: await program.firstWindow(),
    answerDialogs: (filePaths) =>
      program.evaluate(({ dialog }, chosen) => {
        dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [...chosen] });
      }, filePaths),
    close: () => program.close(),
  };
}
