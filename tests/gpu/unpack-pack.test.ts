import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { archiveAt, unpackPack } from '../../electron/gpu/unpack-pack.ts';
import { lockFile } from '../../native/files/process-lock.ts';
import { findPack, manifestName, packIdOf, packWantedHere } from '../../native/runtime/gpu-pack.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { manifestOver, smallContents, writeArchive } from './stand-in-pack.ts';

const wanted = {
  ...packWantedHere(),
  platform: process.platform === 'win32' ? 'win32' : 'linux',
  arch: 'x64',
} as const;

describe('a pack’s archive', () => {
  test('is unpacked under the name of its content, whole', async () => {
    const folder = temporaryFolder();
    const packs = join(folder, 'packs');
    const { archive, offer } = await writeArchive(folder);
    const unpacked = await unpackPack(archive, { packs, wanted, expected: offer.manifest });
    expect(unpacked).toBe(join(packs, packIdOf(offer.manifest)));
    expect(readdirSync(unpacked).sort()).toEqual([...Object.keys(smallContents), manifestName].sort());
    expect(findPack(packs, wanted)?.fault).toBeNull();
    // A second time it is put in order again.
    writeFileSync(join(unpacked, 'libcore.so.1'), 'broken');
    await unpackPack(archive, { packs, wanted, expected: null });
    expect(readFileSync(join(unpacked, 'libcore.so.1')).equals(smallContents['libcore.so.1']!)).toBe(true);
  });

  test.each([
    ['that is cut short', (bytes: Buffer) => bytes.subarray(0, 300)],
    ['that is none', () => Buffer.from('no archive')],
    [
      'with a bit turned',
      (bytes: Buffer) => {
        const turned = Buffer.from(bytes);
        turned[Math.floor(bytes.length / 2)]! ^= 1;
        return turned;
      },
    ],
  ])('%s is refused, and leaves nothing', async (_, damage) => {
    const folder = temporaryFolder();
    const packs = join(folder, 'packs');
    const noise = Object.fromEntries(
      Object.keys(smallContents).map((name, seed) => [
        name,
        Buffer.from(Array.from({ length: 4000 }, (_unused, at) => (at * at * 31 + seed * 17) % 251)),
      ]),
    );
    const { archive, bytes } = await writeArchive(folder, noise);
    writeFileSync(archive, damage(bytes));
    await expect(unpackPack(archive, { packs, wanted, expected: null })).rejects.toMatchObject({
      code: 'gpu-pack-damaged',
    });
    expect(existsSync(packs) ? readdirSync(packs) : []).toEqual([]);
  });

  test('is unpacked by one at a time, who removes what one that was killed left', async () => {
    const folder = temporaryFolder();
    const packs = join(folder, 'packs');
    const { archive, offer } = await writeArchive(folder);
    const left = join(packs, `${packIdOf(offer.manifest)}.partial-0123456789ab`);
    mkdirSync(left, { recursive: true });
    const unlock = lockFile(join(packs, 'unpacking.lock'));
    const unpacking = { packs, wanted, expected: null };
    await expect(unpackPack(archive, unpacking)).rejects.toMatchObject({ code: 'gpu-pack-busy' });
    expect(existsSync(left)).toBe(true);
    unlock?.();
    await unpackPack(archive, unpacking);
    expect(readdirSync(packs)).toEqual([packIdOf(offer.manifest)]);
  });

  test('whose files are not what it says is refused', async () => {
    const folder = temporaryFolder();
    const lying = manifestOver({ ...smallContents, 'libcore.so.1': Buffer.alloc(200_000, 'evil') });
    const { archive } = await writeArchive(folder, smallContents, lying);
    await expect(
      unpackPack(archive, { packs: join(folder, 'packs'), wanted, expected: null }),
    ).rejects.toThrow('libcore.so.1 is another file than it should be');
  });

  test('that is damaged takes nothing from the pack that is there', async () => {
    const folder = temporaryFolder();
    const packs = join(folder, 'packs');
    const { archive, offer } = await writeArchive(folder);
    await unpackPack(archive, { packs, wanted, expected: null });
    const { archive: damaged } = await writeArchive(
      folder,
      { ...smallContents, 'libcudart.so.13': Buffer.alloc(100_000, 'evil') },
      offer.manifest,
    );
    await expect(unpackPack(damaged, { packs, wanted, expected: null })).rejects.toMatchObject({
      code: 'gpu-pack-damaged',
    });
    expect(findPack(packs, wanted)?.fault).toBeNull();
    expect(readdirSync(packs)).toEqual([packIdOf(offer.manifest)]);
  });

  test('that would unpack to more than it says is not unpacked', async () => {
    const folder = temporaryFolder();
    const short = manifestOver({ ...smallContents, 'libcore.so.1': Buffer.from('core') });
    const { archive } = await writeArchive(folder, smallContents, short);
    await expect(
      unpackPack(archive, { packs: join(folder, 'packs'), wanted, expected: null }),
    ).rejects.toThrow('libcore.so.1 has 200000 bytes rather than 4');
  });

  test.each(['../evil', '/etc/evil', 'C:/evil', '..\\evil'])(
    'with a file that would lie elsewhere is refused: %s',
    async (name) => {
      const folder = temporaryFolder();
      const packs = join(folder, 'packs');
      const { archive, bytes } = await writeArchive(folder, {
        ...smallContents,
        ['n'.repeat(name.length)]: Buffer.from('evil'),
      });
      writeFileSync(archive, bytes.toString('latin1').replaceAll('n'.repeat(name.length), name), 'latin1');
      await expect(unpackPack(archive, { packs, wanted, expected: null })).rejects.toMatchObject({
        code: 'gpu-pack-damaged',
      });
      expect(readdirSync(folder).sort()).toEqual(['packs', 'screenfold-gpu-test.zip']);
      expect(readdirSync(packs)).toEqual([]);
    },
  );

  test('with any byte turned, or cut anywhere, is refused for what it is or is the same pack', async () => {
    const folder = temporaryFolder();
    const packs = join(folder, 'packs');
    const contents = { 'libcore.so.1': Buffer.from('core'), 'libcudart.so.13': Buffer.alloc(300, 'run') };
    const { archive, bytes } = await writeArchive(folder, contents);
    const refusals = new Set<unknown>();
    const attempt = async (content: Uint8Array) => {
      writeFileSync(archive, content);
      try {
        const unpacked = await unpackPack(archive, { packs, wanted, expected: null });
        for (const [name, own] of Object.entries(contents))
          expect(readFileSync(join(unpacked, name)).equals(own)).toBe(true);
      } catch (error) {
        refusals.add((error as { readonly code?: unknown }).code);
      }
      for (const name of readdirSync(packs)) {
        expect(name).toMatch(/^[\d.]+-[0-9a-f]{24}$/);
        rmSync(join(packs, name), { recursive: true });
      }
    };
    for (let at = 0; at < bytes.length; at += 7) {
      const turned = Buffer.from(bytes);
      turned[at]! ^= 1 << (at % 8);
      await attempt(turned);
      await attempt(bytes.subarray(0, at));
    }
    expect([...refusals]).toEqual(['gpu-pack-damaged']);
  }, 120_000);

  test('is not unpacked where nothing may be written, and it is said why', async () => {
    const folder = temporaryFolder();
    const packs = join(folder, 'packs');
    const { archive } = await writeArchive(folder);
    mkdirSync(join(packs, 'unpacking.lock'), { recursive: true });
    await expect(unpackPack(archive, { packs, wanted, expected: null })).rejects.toMatchObject({
      code: 'write-failed',
      message: expect.stringContaining(packs) as string,
    });
  });

  test('of another version, or another than the one that belongs here, is refused', async () => {
    const folder = temporaryFolder();
    const packs = join(folder, 'packs');
    const { archive, offer } = await writeArchive(folder);
    const other = { ...offer.manifest, files: offer.manifest.files.slice(0, 1) };
    for (const unpacking of [
      { packs, wanted: { ...wanted, onnxRuntime: '9.9.9' }, expected: null },
      { packs, wanted, expected: other },
    ])
      await expect(unpackPack(archive, unpacking)).rejects.toMatchObject({ code: 'gpu-pack-other' });
  });

  test('is found in the folder that holds it', async () => {
    const folder = temporaryFolder();
    await expect(archiveAt(folder)).rejects.toMatchObject({ code: 'gpu-pack-missing' });
    const { archive } = await writeArchive(folder);
    expect(await archiveAt(folder)).toBe(archive);
    expect(await archiveAt(archive)).toBe(archive);
  });
});
