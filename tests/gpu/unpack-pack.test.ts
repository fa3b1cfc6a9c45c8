import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
