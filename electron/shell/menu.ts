import type { MenuItemConstructorOptions } from 'electron';

export interface MenuChoices {
  readonly platform: NodeJS.Platform;
  /** Whoever works on Screenfold may reload the page and look into it. */
  readonly developing: boolean;
  readonly showLibrary: () => void;
  readonly showLog: () => void;
}

/** The menu, as each platform's people expect it; the studio itself is all in the page. */
export function menuTemplate({
  platform,
  developing,
  showLibrary,
  showLog,
}: MenuChoices): MenuItemConstructorOptions[] {
  const onMac = platform === 'darwin';
  const separator: MenuItemConstructorOptions = { type: 'separator' };
  return [
    ...(onMac ? [{ role: 'appMenu' } satisfies MenuItemConstructorOptions] : []),
    {
      label: '&File',
      submenu: [
        { label: 'Show the Library', click: showLibrary },
        separator,
        onMac ? { role: 'close' } : { role: 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [
        ...(developing
          ? ([
              { role: 'reload' },
              { role: 'toggleDevTools' },
              separator,
            ] satisfies MenuItemConstructorOptions[])
          : []),
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        separator,
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
    { role: 'help', submenu: [{ label: 'Show the Log', click: showLog }] },
  ];
}
