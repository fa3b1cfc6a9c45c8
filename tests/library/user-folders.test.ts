import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, test } from 'vitest';

import { chosenLibrary, rememberLibrary } from '../../electron/library/library-choice.ts';
import {
  type Surroundings,
  userConfigFolder,
  userLibraryFolder,
} from '../../electron/library/user-folders.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

const at = (platform: NodeJS.Platform, environment: NodeJS.ProcessEnv = {}): Surroundings => ({
  platform,
  environment,
  home: '/home/ada',
});

describe('the library lies', () => {
  test.each<[string, Surroundings, string]>([
    ['with the user’s data under Linux', at('linux'), '/home/ada/.local/share/screenfold'],
    ['where the user keeps data', at('linux', { XDG_DATA_HOME: '/data' }), '/data/screenfold'],
    ['not at a relative path', at('linux', { XDG_DATA_HOME: 'data' }), '/home/ada/.local/share/screenfold'],
    ['among the documents under macOS', at('darwin'), '/home/ada/Documents/Screenfold'],
    ['among the documents under Windows', at('win32'), '/home/ada/Documents/Screenfold'],
    ['where the environment says', at('win32', { SCREENFOLD_LIBRARY: '/mine' }), '/mine'],
  ])('%s', (_, surroundings, folder) => {
    expect(userLibraryFolder(surroundings)).toBe(resolve(folder));
  });
});

test('what is known before the library is open lies in the user’s configuration', () => {
  expect(userConfigFolder(at('linux', { XDG_CONFIG_HOME: '/etc/ada' }))).toBe(join('/etc/ada', 'screenfold'));
  expect(userConfigFolder(at('darwin'))).toContain('Application Support');
  expect(userConfigFolder(at('win32', { APPDATA: '/roaming' }))).toBe(join('/roaming', 'Screenfold'));
});

describe('the library opened', () => {
  test('is the one chosen last, unless the environment names one', async () => {
    const config = join(temporaryFolder(), 'config');
    const surroundings = at('linux', { SCREENFOLD_CONFIG: config });
    expect(await chosenLibrary(surroundings)).toBe(userLibraryFolder(surroundings));
    await rememberLibrary(surroundings, '/another');
    expect(await chosenLibrary(surroundings)).toBe('/another');
    const named = at('linux', { SCREENFOLD_CONFIG: config, SCREENFOLD_LIBRARY: '/mine' });
    expect(await chosenLibrary(named)).toBe(resolve('/mine'));
  });

  test.each(['{', '{"libraryFolder":""}', '[]'])('is the usual one where %s is remembered', async (text) => {
    const config = join(temporaryFolder(), 'config');
    mkdirSync(config);
    writeFileSync(join(config, 'library.json'), text);
    const surroundings = at('linux', { SCREENFOLD_CONFIG: config });
    expect(await chosenLibrary(surroundings)).toBe(userLibraryFolder(surroundings));
  });
});
