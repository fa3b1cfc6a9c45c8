import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import {
  findPack,
  manifestName,
  packIdOf,
  packRefusal,
  packsFolder,
  parseManifest,
} from '../../native/runtime/gpu-pack.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { card, manifestOver, smallContents } from './stand-in-pack.ts';

const manifest = manifestOver(smallContents, { platform: 'linux', onnxRuntime: '1.30.0' });
const wanted = { onnxRuntime: '1.30.0', platform: 'linux', arch: 'x64' } as const;

function lay(packs: string, of = manifest): string {
  const folder = join(packs, packIdOf(of));
  mkdirSync(folder, { recursive: true });
  for (const [path, bytes] of Object.entries(smallContents)) writeFileSync(join(folder, path), bytes);
  writeFileSync(join(folder, manifestName), JSON.stringify(of));
  return folder;
}

describe('a pack', () => {
  test('is found by the version it is for, whichever others lie beside it', () => {
    const packs = temporaryFolder();
    expect(findPack(packs, wanted)).toBeNull();
    lay(packs, { ...manifest, onnxRuntime: '1.29.0' });
    lay(packs, { ...manifest, platform: 'win32' });
    mkdirSync(join(packs, `${packIdOf(manifest)}.partial-0123456789ab`));
    expect(findPack(packs, wanted)).toBeNull();
    const folder = lay(packs);
    expect(findPack(packs, wanted)).toEqual({ folder, manifest, fault: null });
    expect(findPack(join(packs, 'nowhere'), wanted)).toBeNull();
  });

  test('with a file gone or cut short is broken', () => {
    const packs = temporaryFolder();
    const folder = lay(packs);
    truncateSync(join(folder, 'libcudart.so.13'), 5);
    expect(findPack(packs, wanted)?.fault).toBe('libcudart.so.13 is missing or cut short');
    rmSync(join(folder, 'libcore.so.1'));
    expect(findPack(packs, wanted)?.fault).toBe('libcore.so.1 is missing or cut short');
  });

  test.skipIf(process.platform === 'win32')('with a file that leads nowhere is broken', () => {
    const packs = temporaryFolder();
    const file = join(lay(packs), 'libcudart.so.13');
    rmSync(file);
    symlinkSync(file, file);
    expect(findPack(packs, wanted)?.fault).toBe('libcudart.so.13 is missing or cut short');
  });

  test('is called after its content', () => {
    const other = manifest.files.map((file) => ({ ...file, sha256: file.sha256.replaceAll('a', 'b') }));
    expect(packIdOf(manifest)).toMatch(/^1\.30\.0-[0-9a-f]{24}$/);
    expect(packIdOf({ ...manifest, files: other })).not.toBe(packIdOf(manifest));
    expect(packIdOf({ ...manifest, files: [...manifest.files].reverse() })).toBe(packIdOf(manifest));
  });

  test.each([
    '',
    '[]',
    JSON.stringify({ ...manifest, format: 2 }),
    JSON.stringify({ ...manifest, core: 'another.so' }),
    JSON.stringify({ ...manifest, load: ['../../evil.so'] }),
    JSON.stringify({ ...manifest, files: [{ ...manifest.files[0], path: '/etc/passwd' }] }),
    JSON.stringify({ ...manifest, files: [...manifest.files, { ...manifest.files[0], path: '..' }] }),
    JSON.stringify({ ...manifest, files: [...manifest.files, { ...manifest.files[0], path: manifestName }] }),
  ])('whose manifest is not one is none: %s', (text) => {
    expect(parseManifest(text)).toBeNull();
  });
});

describe('packs lie', () => {
  test.each([
    ['linux', {}, '/home/me/.local/share/screenfold-gpu'],
    ['linux', { XDG_DATA_HOME: '/data' }, '/data/screenfold-gpu'],
    ['linux', { SCREENFOLD_GPU_PACKS: '/big/packs' }, '/big/packs'],
  ] as const)('on %s with %o in %s', (platform, environment, folder) => {
    expect(packsFolder({ platform, environment, home: '/home/me' })).toBe(folder);
  });

  test('on Windows where programs keep what is the user’s own', () => {
    const environment = { LOCALAPPDATA: 'C:\\Users\\me\\AppData\\Local' };
    expect(packsFolder({ platform: 'win32', environment, home: '' })).toMatch(
      /^C:\\Users.*Screenfold.GPU packs$/,
    );
  });
});

describe('on a machine', () => {
  test.each([
    [[card], null],
    [[{ ...card, computeCapability: null }], null],
    [[{ ...card, computeCapability: '12.1' }], null],
    [[{ ...card, computeCapability: '6.1' }, card], null],
    [[], 'gpu-missing'],
    [[{ ...card, driver: '570.10' }], 'gpu-driver-old'],
    [[{ ...card, name: 'GTX 1060', computeCapability: '6.1' }], 'gpu-not-served'],
    [[{ ...card, computeCapability: '10.0' }], 'gpu-not-served'],
  ])('with %j it is refused as: %s', (gpus, code) => {
    expect(packRefusal(gpus, manifest)?.code ?? null).toBe(code);
  });
});
