import { describe, expect, test } from 'vitest';

import {
  createTurner,
  fromTapsFirst,
  type LaidNumbers,
  toTapsFirst,
} from '../../native/kernels/taps-first.ts';

const counted = <W extends LaidNumbers>(values: W): W => {
  for (let i = 0; i < values.length; i++) values[i] = i;
  return values;
};

describe('a weight with its taps first', () => {
  test('has a matrix for each tap of the kernel, and is turned back', () => {
    const weight = counted(new Float32Array(2 * 3 * 4));
    const turned = toTapsFirst([2, 3, 2, 2], weight);
    expect([...turned.subarray(0, 6)]).toEqual([0, 4, 8, 12, 16, 20]);
    expect([...turned.subarray(18)]).toEqual([3, 7, 11, 15, 19, 23]);
    expect(fromTapsFirst([2, 3, 2, 2], turned)).toEqual(weight);
  });

  test('is turned in its own array, after others that were larger or of another type', () => {
    const turn = createTurner();
    for (const shape of [
      [40, 30, 3, 3],
      [5, 7, 3, 3],
      [60, 30, 3, 3],
      [6, 4, 1, 1],
    ]) {
      const length = shape.reduce((product, extent) => product * extent);
      for (const values of [counted(new Float32Array(length)), counted(new Uint16Array(length))]) {
        const expected = toTapsFirst(shape, values.slice());
        expect(turn(shape, values)).toBe(values);
        expect(values).toEqual(expected);
      }
    }
  });
});
