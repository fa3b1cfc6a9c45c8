import { basename, join } from 'node:path';

import { describe, expect, test, vi } from 'vitest';

import type { Engine } from '../../electron/engine/engine.ts';
import type { HostSurface } from '../../electron/studio/surface.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { bareSurface } from './bare-surface.ts';
import { openStudio } from './open-studio.ts';

const providers = [{ provider: 'cpu' as const, available: true, reason: '2 threads' }];
const knowingEngine = {
  run: vi.fn(() =>
    Promise.resolve({ kind: 'info', runtime: 'ONNX Runtime 1', providers, notes: [], model: null }),
  ),
};

describe('the machine', () => {
  test('is described at once, and what it computes on when the engine has found out', async () => {
    knowingEngine.run.mockClear();
    const libraryFolder = temporaryFolder();
    const { client } = await openStudio({ engine: knowingEngine as unknown as Engine, libraryFolder });
    const changed = new Promise((resolve) => client.on('changed', resolve));
    const first = await client.call('system.info', {});
    expect(first).toMatchObject({
      version: '1.2.3',
      host: 'memory',
      libraryFolder,
      providers: null,
      update: null,
    });
    expect(await changed).toEqual({ subjects: ['system'] });
    const second = await client.call('system.info', {});
    expect(second).toMatchObject({ runtime: 'ONNX Runtime 1', providers });
    // The embedded base is looked at too; the machine as such is asked about once.
    const asked = knowingEngine.run.mock.calls as unknown as readonly [{ readonly path?: string }][];
    expect(asked.filter(([job]) => job.path === undefined)).toHaveLength(1);
  });

  test('is described even where the engine cannot be asked', async () => {
    const { client } = await openStudio();
    const changed = new Promise((resolve) => client.on('changed', resolve));
    await client.call('system.info', {});
    await changed;
    expect(await client.call('system.info', {})).toMatchObject({ providers: [] });
    const log = await client.call('system.log', {});
    expect(log.some(({ level, message }) => level === 'warn' && message.includes('no engine here'))).toBe(
      true,
    );
  });
});

describe('settings', () => {
  test('change one by one, and are there after a restart', async () => {
    const libraryFolder = temporaryFolder();
    const { client, studio } = await openStudio({ libraryFolder });
    await client.call('system.changeSettings', { change: { theme: 'dark' } });
    const changed = new Promise((resolve) => client.on('changed', resolve));
    await client.call('system.changeSettings', { change: { currency: 'CHF' } });
    expect(await changed).toEqual({ subjects: ['settings'] });
    await studio.close();
    const again = await openStudio({ libraryFolder });
    expect(await again.client.call('system.settings', {})).toMatchObject({ theme: 'dark', currency: 'CHF' });
  });

  test('that are none are refused', async () => {
    const { client } = await openStudio();
    const change = client.call('system.changeSettings', { change: { currency: 'euro' } });
    await expect(change).rejects.toMatchObject({ code: 'input-invalid' });
  });
});

describe('the library', () => {
  test('is open in one Screenfold at a time', async () => {
    const libraryFolder = temporaryFolder();
    await openStudio({ libraryFolder });
    await expect(openStudio({ libraryFolder })).rejects.toMatchObject({ code: 'library-in-use' });
  });

  test('is another one from the next start on, where that folder can be used', async () => {
    const remembered: string[] = [];
    const surface: HostSurface = {
      ...bareSurface('memory'),
      rememberLibraryFolder: (folder) => Promise.resolve(void remembered.push(folder)),
    };
    const { client } = await openStudio({ surface });
    const folder = join(temporaryFolder(), 'new');
    await client.call('system.setLibraryFolder', { folder });
    await expect(client.call('system.setLibraryFolder', { folder: 'relative' })).rejects.toMatchObject({
      code: 'library-folder-unusable',
    });
    expect(remembered).toEqual([folder]);
  });
});

describe('what the host can do', () => {
  test('is said to be missing where it is', async () => {
    const { client, studio } = await openStudio();
    await expect(client.call('system.pick', { what: 'folder', title: 'Choose' })).rejects.toMatchObject({
      code: 'no-dialogs',
    });
    const shown = await client.call('system.reveal', { target: { kind: 'library' } });
    expect(shown).toEqual({ path: studio.libraryFolder, shown: false });
    await expect(client.call('system.restartForUpdate', {})).rejects.toMatchObject({ code: 'no-update' });
  });

  test('is used where it is there', async () => {
    const done: string[] = [];
    let tell = () => undefined as unknown;
    const surface: HostSurface = {
      ...bareSurface('memory'),
      pick: ({ what, suggestion }) => Promise.resolve(what === 'save' ? null : [`/picked/${suggestion}`]),
      reveal: (file) => done.push(`reveal ${basename(file)}`),
      updates: {
        current: () => ({ version: '2.0.0', ready: true }),
        onChange: (listener) => (tell = listener),
        restart: () => done.push('restart'),
      },
    };
    const { client } = await openStudio({ surface });
    const picked = await client.call('system.pick', { what: 'folder', title: 'Choose', suggestion: 'x' });
    expect(picked).toEqual({ paths: ['/picked/x'] });
    expect(await client.call('system.pick', { what: 'save', title: 'Save' })).toEqual({ paths: null });
    expect(await client.call('system.reveal', { target: { kind: 'log' } })).toMatchObject({ shown: true });
    const changed = new Promise((resolve) => client.on('changed', resolve));
    tell();
    expect(await changed).toEqual({ subjects: ['system'] });
    expect((await client.call('system.info', {})).update).toEqual({ version: '2.0.0', ready: true });
    await client.call('system.restartForUpdate', {});
    expect(done).toEqual(['reveal screenfold.log', 'restart']);
  });

  test('shows nothing that is not there', async () => {
    const { client } = await openStudio();
    await expect(
      client.call('system.reveal', { target: { kind: 'export', exportId: 9 } }),
    ).rejects.toMatchObject({
      code: 'nothing-to-show',
    });
  });
});
