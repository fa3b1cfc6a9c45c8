import type { BrowserWindowConstructorOptions } from 'electron';

import type { WindowState } from './window-state.ts';

/** How the window is made: its page isolated from its preload, in Chromium's sandbox, without Node. */
export function windowOptions(
  state: WindowState,
  preload: string,
  icon: string,
): BrowserWindowConstructorOptions {
  const { x, y, width, height } = state;
  return {
    ...(x === null || y === null ? {} : { x, y }),
    width,
    height,
    minWidth: 960,
    minHeight: 640,
    show: false,
    // The colours of the page's two grounds lie between; whichever is right is painted before it is shown.
    backgroundColor: '#1b1a19',
    title: 'Screenfold',
    icon,
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      enableWebSQL: false,
    },
  };
}
