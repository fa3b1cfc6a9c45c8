import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { compileFunction } from 'node:vm';

import { beforeAll, describe, expect, test } from 'vitest';

import { ensureBuilt } from '../../electron/cli/open/built-files.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

beforeAll(async () => {
  for (const built of ['renderer', 'desktop'] as const) {
    await ensureBuilt(root, built, { onBuild: () => undefined, onLine: () => undefined });
  }
}, 120_000);

describe('the built program', () => {
  test('opens its page, answers it over its port, starts its engine, and closes in order', async () => {
    const folder = temporaryFolder();
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        '--import',
        new URL('stand-in-electron.ts', import.meta.url).href,
        join(root, 'dist', 'desktop', 'main.js'),
        `--library=${join(folder, 'library')}`,
      ],
      { timeout: 120_000, env: { ...process.env, STAND_IN_USER_DATA: folder, SCREENFOLD_CONFIG: folder } },
    );
    const told = JSON.parse(stdout) as Record<string, unknown>;
    expect(told).toMatchObject({
      page: [200, true],
      shown: true,
      sandboxed: true,
      guarded: true,
      heldOpen: true,
      schemes: [{ scheme: 'screenfold' }],
      webPreferences: { sandbox: true, contextIsolation: true, nodeIntegration: false },
      firstInfo: { version: '9.9.9', host: 'desktop', libraryFolder: join(folder, 'library') },
      // Found out by the engine in its own process, with drivers tried before in others.
      info: {
        providers: expect.arrayContaining([
          expect.objectContaining({ provider: 'cpu', available: true }),
        ]) as object,
      },
    });
    expect(JSON.parse(readFileSync(join(folder, 'window.json'), 'utf8'))).toMatchObject({ width: 800 });
  });

  test('hands its page one port and the places of dropped files, from a preload with nothing left to load', () => {
    const preload = readFileSync(join(root, 'dist', 'desktop', 'preload.cjs'), 'utf8');
    expect([...preload.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name)).toEqual(['electron']);
    expect(preload).not.toMatch(/^(import|export)\b/m);
    const exposed: Record<string, unknown> = {};
    const listeners = new Map<string, (event: object) => void>();
    const sent: unknown[] = [];
    const posted: unknown[] = [];
    const electron = {
      contextBridge: { exposeInMainWorld: (name: string, value: unknown) => (exposed[name] = value) },
      ipcRenderer: {
        send: (...message: unknown[]) => sent.push(message),
        on: (channel: string, listener: (event: object) => void) => listeners.set(channel, listener),
      },
      webUtils: { getPathForFile: (file: { readonly name: string }) => `/dropped/${file.name}` },
    };
    const window = {
      location: { origin: 'screenfold://app' },
      postMessage: (...message: unknown[]) => posted.push(message),
    };
    const run = compileFunction(preload, ['require', 'window']) as (...given: unknown[]) => void;
    run(() => electron, window);
    expect(Object.keys(exposed)).toEqual(['screenfoldDesktop']);
    const bridge = exposed.screenfoldDesktop as { ready(): void; pathOf(file: object): string };
    bridge.ready();
    expect(sent).toEqual([['screenfold:ready']]);
    expect(bridge.pathOf({ name: 'a.png' })).toBe('/dropped/a.png');
    listeners.get('screenfold:port')!({ ports: ['the port'] });
    expect(posted).toEqual([['screenfold-port', 'screenfold://app', ['the port']]]);
  });
});
