import { expect, test } from 'vitest';

import { numberText, parseNumber, parseWholeNumbers } from '../../../renderer/components/number-text.ts';

test('small numbers are written in powers of ten, others as they are', () => {
  expect([1e-5, 3.5e-4, 0.001, 0.95, 0, 100].map((value) => numberText(value))).toEqual([
    '1e-5',
    '3.5e-4',
    '0.001',
    '0.95',
    '0',
    '100',
  ]);
  expect(numberText(undefined)).toBe('');
  expect(numberText(Number.NaN)).toBe('');
});

test('what is written is read back, with a comma too', () => {
  expect(['1e-5', ' 12 ', '0,5'].map(parseNumber)).toEqual([1e-5, 12, 0.5]);
  expect(['', 'ten', '1.2.3'].map(parseNumber)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
});

test('a list of whole numbers is in order and has each once', () => {
  expect(parseWholeNumbers(['15', '1, 2', 'x', '15'])).toEqual([1, 2, 15]);
});
