import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { chooseHost, type HostSigns, openingText } from '../../../electron/cli/open/choose-host.ts';
import { electronProgram } from '../../../electron/cli/open/electron-program.ts';
import { browserOpener } from '../../../electron/cli/open/open-browser.ts';
import { temporaryFolder } from '../../runs/temporary-folder.ts';

const desk: HostSigns = {
  platform: 'linux',
  environment: { DISPLAY: ':0' },
  userId: 1000,
  electron: '/electron',
  wantsBrowser: false,
};

test('nothing is said to open that is not opened', () => {
  expect(openingText('there is no screen here', true)).toBe(
    'Opening Screenfold in the browser: there is no screen here.',
  );
  expect(openingText('there is no screen here', false)).not.toMatch(/opening|opens/i);
});

describe('the studio opens', () => {
  test.each<[string, Partial<HostSigns>]>([
    ['under X11', {}],
    ['under Wayland', { environment: { WAYLAND_DISPLAY: 'wayland-0' } }],
    ['under Windows', { platform: 'win32', environment: {}, userId: null }],
    ['under macOS', { platform: 'darwin', environment: {} }],
  ])('in its window %s', (_, signs) => {
    expect(chooseHost({ ...desk, ...signs })).toEqual({ kind: 'desktop', electron: '/electron' });
  });

  test('in its window once that has been fetched', () => {
    expect(chooseHost({ ...desk, electron: null })).toEqual({ kind: 'fetch-electron' });
  });

  test.each<[string, Partial<HostSigns>, string]>([
    ['asked for', { wantsBrowser: true }, 'you asked for it'],
    ['without a screen', { environment: {} }, 'no screen'],
    ['from afar', { platform: 'darwin', environment: { SSH_CONNECTION: '1 2 3 4' } }, 'another machine'],
    ['as the superuser', { userId: 0 }, 'as root'],
    // Nothing is fetched for a window that could not be shown.
    ['without a screen or a program', { environment: {}, electron: null }, 'no screen'],
  ])('in the browser %s, saying why', (_, signs, why) => {
    expect(chooseHost({ ...desk, ...signs })).toEqual({
      kind: 'browser',
      why: expect.stringContaining(why) as string,
    });
  });
});

test('an address is shown by what each platform has for it', () => {
  const address = 'http://127.0.0.1:1/?token=x';
  const openers = (['darwin', 'win32', 'linux'] as const).map(
    (platform) => browserOpener(address, platform, { DISPLAY: ':0' })?.command,
  );
  expect(openers).toEqual(['open', 'rundll32', 'xdg-open']);
  expect(browserOpener(address, 'linux', {})).toBeNull();
});

test('Electron’s program is where its package says', () => {
  const root = temporaryFolder();
  expect(electronProgram(root, {})).toBeNull();
  const folder = join(root, 'node_modules', 'electron');
  mkdirSync(join(folder, 'dist'), { recursive: true });
  writeFileSync(join(folder, 'path.txt'), 'electron.exe');
  expect(electronProgram(root, {})).toBeNull();
  writeFileSync(join(folder, 'dist', 'electron.exe'), '');
  expect(electronProgram(root, {})).toBe(join(folder, 'dist', 'electron.exe'));
  expect(electronProgram(root, { ELECTRON_OVERRIDE_DIST_PATH: join(folder, 'dist') })).not.toBeNull();
});
