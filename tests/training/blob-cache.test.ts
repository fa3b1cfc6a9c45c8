import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { openBlobCache } from '../../native/training/blob-cache.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { failureOf } from './tiny-model.ts';

const folder = temporaryFolder();
const blob = { key: 'ab12', length: 3 };
const values = Float32Array.of(1, 2, 3);
const never = () => Promise.reject(new Error('It was made again.'));

describe('the cache of arrays', () => {
  test('makes an array once, for this run and for later ones', async () => {
    const place = join(folder.path, 'once');
    const cache = openBlobCache(place, 1 << 20);
    expect(await cache.get(blob, () => Promise.resolve(values))).toEqual(values);
    expect(await cache.get(blob, never)).toEqual(values);
    expect(await openBlobCache(place, 0).get(blob, never)).toEqual(values);
    expect(await readdir(join(place, 'ab'))).toEqual(['ab12.f32']);
  });

  test.each([0, 4, 8, 11, 16])(
    'makes an array again whose file has %i bytes instead of 12',
    async (length) => {
      const place = join(folder.path, `damaged-${length}`);
      await openBlobCache(place, 0).get(blob, () => Promise.resolve(values));
      const file = join(place, 'ab', 'ab12.f32');
      await truncate(file, length);
      const remade = Float32Array.of(4, 5, 6);
      expect(await openBlobCache(place, 0).get(blob, () => Promise.resolve(remade))).toEqual(remade);
      expect(await readFile(file)).toEqual(Buffer.from(remade.buffer));
    },
  );

  test('keeps in memory what the budget allows, the latest used', async () => {
    const place = join(folder.path, 'budget');
    const cache = openBlobCache(place, 24);
    const get = (key: string, make = () => Promise.resolve(values.slice())) =>
      cache.get({ key, length: 3 }, make);
    await get('aa');
    await get('bb');
    await get('aa', never);
    await get('cc');
    // What is in memory does not see the file change; what is not, does.
    for (const key of ['aa', 'bb', 'cc']) await writeFile(join(place, key, `${key}.f32`), new Uint8Array(12));
    expect([...(await get('aa', never))]).toEqual([1, 2, 3]);
    expect([...(await get('cc', never))]).toEqual([1, 2, 3]);
    expect([...(await get('bb', never))]).toEqual([0, 0, 0]);
  });

  test('names a disk it cannot write to', async () => {
    const place = join(folder.path, 'a file');
    await writeFile(place, '');
    const failure = await failureOf(openBlobCache(place, 0).get(blob, () => Promise.resolve(values)));
    expect([failure.code, failure.message]).toEqual(['write-failed', expect.stringContaining(place)]);
  });
});
