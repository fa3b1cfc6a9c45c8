import { describe, expect, test } from 'vitest';

import {
  createPictureCache,
  type DecodedPicture,
} from '../../../../renderer/components/pictures/picture-cache.ts';

/** Pictures of a hundred bytes that load when they are told to. */
function loader() {
  const asked: string[] = [];
  const open = new Map<string, { done: (picture: DecodedPicture) => void; fail: (error: Error) => void }>();
  const settle = async (address: string, act: 'done' | 'fail') => {
    const one = open.get(address)!;
    if (act === 'done') one.done({ bytes: 100 });
    else one.fail(new Error('no such picture'));
    await new Promise((resolve) => setTimeout(resolve));
  };
  return {
    asked,
    load: (address: string) => {
      asked.push(address);
      return new Promise<DecodedPicture>((done, fail) => open.set(address, { done, fail }));
    },
    done: (address: string) => settle(address, 'done'),
    fail: (address: string) => settle(address, 'fail'),
  };
}

describe('the picture cache', () => {
  test('loads the first ones first, so many at once', async () => {
    const { load, asked, done } = loader();
    const cache = createPictureCache(load, { atOnce: 2 });
    cache.want(['a', 'b', 'c']);
    expect(asked).toEqual(['a', 'b']);
    await done('a');
    expect(asked).toEqual(['a', 'b', 'c']);
    expect(cache.has('a')).toBe(true);
    expect(cache.has('b')).toBe(false);
  });

  test('leaves out what is no longer wanted before it began', async () => {
    const { load, asked, done } = loader();
    const cache = createPictureCache(load, { atOnce: 1 });
    cache.want(['a', 'b']);
    cache.want(['c']);
    await done('a');
    expect(asked).toEqual(['a', 'c']);
  });

  test('forgets the longest unwanted where memory runs short, never what is wanted', async () => {
    const { load, done } = loader();
    const cache = createPictureCache(load, { budget: 250 });
    for (const address of ['a', 'b']) {
      cache.want([address]);
      await done(address);
    }
    cache.want(['a', 'c']);
    await done('c');
    expect(['a', 'b', 'c'].map((address) => cache.has(address))).toEqual([true, false, true]);
  });

  test('loads no more than memory holds', async () => {
    const { load, asked, done } = loader();
    const cache = createPictureCache(load, { budget: 200, atOnce: 1 });
    cache.want(['a', 'b', 'c', 'd']);
    await done('a');
    await done('b');
    expect(asked).toEqual(['a', 'b']);
  });

  test('tries a picture that failed again when it is wanted anew', async () => {
    const { load, asked, fail } = loader();
    const cache = createPictureCache(load);
    cache.want(['a']);
    await fail('a');
    expect(cache.has('a')).toBe(false);
    cache.want(['a']);
    expect(asked).toEqual(['a', 'a']);
  });
});
