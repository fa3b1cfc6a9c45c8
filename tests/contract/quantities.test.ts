import { describe, expect, test } from 'vitest';

import { bytesText, durationText, lossText } from '../../electron/contract/quantities.ts';

describe('quantities in words', () => {
  test('durations are told in two units at most', () => {
    expect([0, 0.2, 4.4, 99, 100, 3599, 3600, 12_000, 200_000].map(durationText)).toEqual([
      '0 s',
      '< 1 s',
      '4 s',
      '1 min 39 s',
      '1 min 40 s',
      '59 min',
      '1 h',
      '3 h 20 min',
      '2 d 7 h',
    ]);
    expect(durationText(Infinity)).toBe('?');
  });

  test('losses are told so finely that epochs differ, and a dash where there is none', () => {
    expect([0.13463, 0.13382, 1.5, null].map(lossText)).toEqual(['0.1346', '0.1338', '1.5000', '–']);
  });

  test('bytes are told in decimal units', () => {
    expect([0, 999, 1000, 999_600, 1_234_567, 4_100_000_000].map(bytesText)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '1.0 MB',
      '1.2 MB',
      '4.1 GB',
    ]);
  });
});

describe('a duration', () => {
  test.each([
    [0, '0 s'],
    [0.2, '< 1 s'],
    [45, '45 s'],
    [59.6, '1 min'],
    [200, '3 min 20 s'],
    [659, '10 min'],
    [3600, '1 h'],
    [3900, '1 h 5 min'],
    [86_399, '23 h 59 min'],
    [97_200, '1 d 3 h'],
  ])('of %d seconds is %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [9_949_000, '9.9 MB'],
  [12_300_000, '12 MB'],
  [999_600, '1.0 MB'],
  [3_440_000_000, '3.4 GB'],
])('%d bytes are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});
