import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, test, vi } from 'vitest';

import { orderlyClosing } from '../../electron/shell/closing.ts';
import { pickPaths } from '../../electron/shell/dialogs.ts';
import { menuTemplate } from '../../electron/shell/menu.ts';
import { answerReady } from '../../electron/shell/page-channel.ts';
import { hasUpdateSource, libraryArgument, placesOf } from '../../electron/shell/places.ts';
import { createUpdates, type Updater } from '../../electron/shell/updates.ts';
import { fitWindow, readWindowState, writeWindowState } from '../../electron/shell/window-state.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

describe('the window', () => {
  const laptop = { x: 0, y: 25, width: 1280, height: 775 };
  const second = { x: 1280, y: 0, width: 3840, height: 2160 };

  test('opens where it was left', () => {
    const left = { x: 1500, y: 100, width: 1600, height: 1000, maximized: true };
    expect(fitWindow(left, [laptop, second])).toEqual(left);
  });

  test('whose screen is gone opens where it can be seen, no larger than that screen', () => {
    const left = { x: 1500, y: 100, width: 1600, height: 1000, maximized: false };
    expect(fitWindow(left, [laptop])).toEqual({
      x: null,
      y: null,
      width: 1280,
      height: 775,
      maximized: false,
    });
  });

  test.each([null, 5, {}, { x: 'left' }, { x: 0, y: 0, width: -1, height: 0, maximized: false }])(
    'opens at a usual size where %j is remembered',
    (stored) => {
      expect(fitWindow(stored, [second])).toMatchObject({ x: null, y: null, width: 1440, height: 900 });
    },
  );

  test('is remembered in a file that may be damaged', () => {
    const file = join(temporaryFolder(), 'deep', 'window.json');
    expect(readWindowState(file)).toBeNull();
    const state = { x: 1, y: 2, width: 3, height: 4, maximized: false };
    writeWindowState(file, state);
    expect(readWindowState(file)).toEqual(state);
    writeFileSync(file, '{"x":');
    expect(readWindowState(file)).toBeNull();
  });
});

describe('closing', () => {
  function closing({ training, answer = 0 }: { readonly training: boolean; readonly answer?: number }) {
    const done: string[] = [];
    const close = orderlyClosing({
      training: () => training,
      ask: () => {
        done.push('ask');
        return Promise.resolve(answer);
      },
      closeStudio: () => {
        done.push('close');
        return Promise.resolve();
      },
      quit: () => done.push('quit'),
    });
    const wish = () => {
      const preventDefault = vi.fn();
      close({ preventDefault });
      return preventDefault.mock.calls.length > 0;
    };
    return { done, wish };
  }

  test('waits until all is closed, and then lets go', async () => {
    const { done, wish } = closing({ training: false });
    expect([wish(), wish()]).toEqual([true, true]);
    await expect.poll(() => done).toEqual(['close', 'quit']);
    expect(wish()).toBe(false);
  });

  test('asks first while a run is trained, and pauses it when told so', async () => {
    const { done, wish } = closing({ training: true });
    wish();
    wish();
    await expect.poll(() => done).toEqual(['ask', 'close', 'quit']);
  });

  test('is taken back when the person rather keeps it open', async () => {
    const { done, wish } = closing({ training: true, answer: 1 });
    expect(wish()).toBe(true);
    await expect.poll(() => done).toEqual(['ask']);
    expect(wish()).toBe(true);
    await expect.poll(() => done).toEqual(['ask', 'ask']);
  });
});

describe('updates', () => {
  function fakeUpdater() {
    const listeners = new Map<string, (value: never) => void>();
    const done: string[] = [];
    const updater: Updater = {
      autoDownload: false,
      autoInstallOnAppQuit: false,
      on: (event: string, listener: (value: never) => void) => listeners.set(event, listener),
      checkForUpdates: () => {
        done.push('look');
        return Promise.resolve(null);
      },
      quitAndInstall: () => done.push('install'),
    };
    return {
      updater,
      done,
      say: (event: string, value: unknown) => {
        listeners.get(event)!(value as never);
      },
    };
  }

  test('are looked for at the start and each day, told of, and installed on request', () => {
    const { updater, done, say } = fakeUpdater();
    let day = () => undefined as unknown;
    const updates = createUpdates({
      updater,
      training: () => false,
      onError: () => undefined,
      everyDay: (act) => (day = act),
    });
    let told = 0;
    updates.onChange(() => (told += 1));
    expect(updates.current()).toBeNull();
    day();
    say('update-available', { version: '2.0.0' });
    expect(updates.current()).toEqual({ version: '2.0.0', ready: false });
    say('update-downloaded', { version: '2.0.0' });
    expect(updates.current()).toEqual({ version: '2.0.0', ready: true });
    updates.restart();
    expect([done, told]).toEqual([['look', 'look', 'install'], 2]);
  });

  test('wait while a run is trained', () => {
    const { updater, done } = fakeUpdater();
    const training = () => true;
    const updates = createUpdates({
      updater,
      training,
      onError: () => undefined,
      everyDay: (act) => {
        act();
      },
    });
    updates.restart();
    expect(done).toEqual([]);
  });

  test('that cannot be found out about are a line in the log', async () => {
    const { updater } = fakeUpdater();
    const errors: unknown[] = [];
    createUpdates({
      updater: { ...updater, checkForUpdates: () => Promise.reject(new Error('offline')) },
      training: () => false,
      onError: (error) => errors.push(error),
      everyDay: () => undefined,
    });
    await expect.poll(() => errors).toMatchObject([{ message: 'offline' }]);
  });
});

describe('dialogs', () => {
  const never = () => Promise.reject(new Error('another dialog was meant'));

  test('choose folders and files', async () => {
    const asked: unknown[] = [];
    const dialogs = {
      showOpenDialog: (options: object) => {
        asked.push(options);
        return Promise.resolve({ canceled: false, filePaths: ['/a'] });
      },
      showSaveDialog: never,
    };
    expect(await pickPaths({ what: 'folder', title: 'T', suggestion: '' }, dialogs)).toEqual(['/a']);
    expect(await pickPaths({ what: 'files', title: 'T', suggestion: '/s' }, dialogs)).toEqual(['/a']);
    expect(await pickPaths({ what: 'model-file', title: 'T', suggestion: '' }, dialogs)).toEqual(['/a']);
    expect(await pickPaths({ what: 'gpu-pack', title: 'T', suggestion: '' }, dialogs)).toEqual(['/a']);
    expect(asked).toEqual([
      { title: 'T', properties: ['openDirectory', 'createDirectory'] },
      { title: 'T', defaultPath: '/s', properties: ['openFile', 'multiSelections'] },
      {
        title: 'T',
        properties: ['openFile'],
        filters: [{ name: 'Models', extensions: ['safetensors', 'sft', 'ckpt', 'pt', 'bin'] }],
      },
      { title: 'T', properties: ['openFile'], filters: [{ name: 'GPU packs', extensions: ['zip'] }] },
    ]);
  });

  test('name where to save, and may be cancelled', async () => {
    let canceled = false;
    const dialogs = {
      showOpenDialog: never,
      showSaveDialog: () => Promise.resolve({ canceled, filePath: canceled ? '' : '/out.png' }),
    };
    const request = { what: 'save', title: 'T', suggestion: 'out.png' } as const;
    expect(await pickPaths(request, dialogs)).toEqual(['/out.png']);
    canceled = true;
    expect(await pickPaths(request, dialogs)).toBeNull();
  });
});

describe('the menu', () => {
  const choices = { showLibrary: () => undefined, showLog: () => undefined };

  test.each(['linux', 'win32', 'darwin'] as const)(
    'on %s has no way into the page for whoever only uses it',
    (platform) => {
      const roles = (developing: boolean) =>
        JSON.stringify(menuTemplate({ ...choices, platform, developing }));
      expect(roles(false)).not.toContain('toggleDevTools');
      expect(roles(true)).toContain('toggleDevTools');
      expect(roles(false).includes('appMenu')).toBe(platform === 'darwin');
    },
  );
});

describe('the port', () => {
  test('is given to the page itself, and to nobody else', () => {
    const posted: unknown[] = [];
    const refused: string[] = [];
    const port = { on: () => undefined, start: () => undefined, postMessage: () => undefined };
    const answer = answerReady({
      studio: new Promise(() => undefined),
      windowId: () => 1,
      createChannel: () => ({ port1: port, port2: 'port2' }) as never,
      onRefused: (address) => refused.push(address),
    });
    const frame = (url: string) => ({
      url,
      parent: null,
      postMessage: (...message: unknown[]) => posted.push(message),
    });
    answer({ sender: { id: 1 }, senderFrame: frame('https://evil.example/') });
    answer({ sender: { id: 2 }, senderFrame: frame('screenfold://app/') });
    expect(posted).toEqual([]);
    answer({ sender: { id: 1 }, senderFrame: frame('screenfold://app/') });
    expect(posted).toEqual([['screenfold:port', null, ['port2']]]);
    expect(refused).toEqual(['https://evil.example/', 'screenfold://app/']);
  });
});

describe('places', () => {
  test('of what native code reads lie beside the archive', () => {
    const packed = placesOf('/opt/app.asar', '/opt', true);
    expect(packed.pageFolder).toBe(join('/opt/app.asar', 'dist', 'renderer'));
    expect(packed.resources).toEqual({
      sample: join('/opt', 'sample'),
      seedling: join('/opt', 'seedling'),
      features: join('/opt', 'features', 'efficientnet-lite0.safetensors'),
      gpuPack: join('/opt', 'gpu-pack.json'),
    });
    const own = placesOf('/project', '/electron/resources', false);
    expect(own.resources.sample).toBe(join('/project', 'resources', 'sample'));
  });

  test('of the library may be named', () => {
    expect(libraryArgument(['electron', '.', '--library=lib'], '/here')).toBe(resolve('/here', 'lib'));
    expect(libraryArgument(['electron', '.', '--library='], '/here')).toBeNull();
    expect(libraryArgument(['electron', '.'], '/here')).toBeNull();
  });

  test('of updates are known where the program was packed with one', () => {
    const folder = temporaryFolder();
    expect(hasUpdateSource(folder)).toBe(false);
    const named = (address: string) => {
      const text = `provider: generic\nurl: ${JSON.stringify(address)}\nupdaterCacheDirName: x\n`;
      writeFileSync(join(folder, 'app-update.yml'), text);
      return hasUpdateSource(folder);
    };
    expect(named('https://updates.example/screenfold')).toBe(true);
    // Whoever can change what comes from there runs what they like.
    expect(named('http://updates.example/screenfold')).toBe(false);
  });
});
