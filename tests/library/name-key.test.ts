import { expect, test } from 'vitest';

import { nameKey } from '../../electron/library/name-key.ts';

const sorted = (names: readonly string[]) =>
  [...names].sort((a, b) => (nameKey(a) < nameKey(b) ? -1 : nameKey(a) > nameKey(b) ? 1 : 0));

test('names are sorted as people count', () => {
  const names = ['10.png', '2.png', '1.png', 'scan 9b.png', 'scan 12a.png', 'Zebra.png', 'apple.png'];
  expect(sorted(names)).toEqual([
    ...['1.png', '2.png', '10.png', 'apple.png', 'scan 9b.png', 'scan 12a.png', 'Zebra.png'],
  ]);
});

test('leading zeros count for nothing, and a name of zeros is zero', () => {
  expect(nameKey('007.png')).toBe(nameKey('7.png'));
  expect(sorted(['1.png', '000.png'])).toEqual(['000.png', '1.png']);
});

test('a number longer than any counter is kept whole', () => {
  expect(nameKey('12345678901234567890')).toBe('12345678901234567890');
});
