import { describe, expect, test } from 'vitest';

import { hammingIndex } from '../../electron/datasets/images/hamming-index.ts';

/** Hashes around a few centres, so that many are near each other, none twice. */
function hashes(count: number): readonly Uint8Array[] {
  let state = 7;
  const next = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 16;
  const seen = new Map<string, Uint8Array>();
  while (seen.size < count) {
    const hash = new Uint8Array(8).fill((seen.size % 5) * 51);
    for (let flips = next() % 12; flips > 0; flips--) hash[next() % 8]! ^= 1 << (next() % 8);
    seen.set(hash.join(), hash);
  }
  return [...seen.values()];
}

const distanceOf = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((sum, byte, at) => sum + (byte ^ b[at]!).toString(2).replaceAll('0', '').length, 0);

describe('an index of hashes', () => {
  test.each([0, 1, 3, 4, 7, 8, 12, 16])('finds all that differ in at most %i bits, each once', (distance) => {
    const all = hashes(300);
    const index = hammingIndex(all, distance);
    for (const place of [0, 1, 57, 299, 299]) {
      const found: string[] = [];
      index.near(place, (other, bits) => found.push(`${other}: ${bits}`));
      const expected = all.flatMap((hash, other) => {
        const bits = distanceOf(hash, all[place]!);
        return bits <= distance ? [`${other}: ${bits}`] : [];
      });
      expect(found.sort()).toEqual(expected.sort());
    }
  });
});
