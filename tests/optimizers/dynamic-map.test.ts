import { describe, expect, test } from 'vitest';

import { bitRows, dynamicMap } from '../../native/optimizers/dynamic-map.ts';

/** The place that the rows name, as `adamw-8-bit.wat` looks it up. */
function placeOf(rows: Int32Array, share: number): number {
  const bits = new Int32Array(Float32Array.of(share).buffer)[0]!;
  return (rows[Math.max((bits >>> 16) - 103 * 128, 0)]! + (bits & 0xffff)) >>> 16;
}

describe.each([
  ['signed', dynamicMap(true).filter((number) => number >= 0)],
  ['unsigned', dynamicMap(false)],
])('rows of the %s dynamic map', (_, map) => {
  const rows = bitRows(map);

  test('lead every number of the map to its own place', () => {
    expect([...map].map((number) => placeOf(rows, number))).toEqual([...map.keys()]);
  });

  test('lead numbers to the nearest, and the middle of two to the lower one', () => {
    const bits = new Int32Array(1);
    const float = new Float32Array(bits.buffer);
    for (const place of [...map.keys()].slice(0, -1)) {
      float[0] = (map[place]! + map[place + 1]!) / 2;
      expect(placeOf(rows, float[0])).toBe(place);
      bits[0]!++;
      expect(placeOf(rows, float[0])).toBe(place + 1);
    }
  });

  test('lead what is next to nothing to zero, and 1 to the last place', () => {
    for (const share of [0, 1e-45, 1e-38, 2 ** -24, 1e-7]) expect(placeOf(rows, share)).toBe(0);
    expect(placeOf(rows, 1)).toBe(map.length - 1);
  });
});
