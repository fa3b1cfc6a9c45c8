import { expect, test } from 'vitest';

import {
  countOf,
  moneyText,
  parametersText,
  rateNumber,
  rateText,
  rateUnit,
} from '../../../renderer/components/quantities.ts';

test('parameters are counted in thousands, millions and billions', () => {
  expect(parametersText(340)).toBe('340');
  expect(parametersText(7_200_000)).toBe('7.2 M');
  expect(parametersText(859_520_964)).toBe('860 M');
});

test('money below the smallest coin is said to be below it', () => {
  expect(moneyText(0, 'EUR')).toBe('€0.00');
  expect(moneyText(0.004, 'EUR')).toBe('< €0.01');
  expect(moneyText(1234.5, 'USD')).toBe('$1,234.50');
  expect(moneyText(0.4, 'JPY')).toBe('< ¥1');
});

test('a rate below one image a second is told by its inverse', () => {
  expect(rateText(12.3)).toBe('12 images/s');
  expect(rateText(3.44)).toBe('3.4 images/s');
  expect(rateText(0.25)).toBe('4.0 s per image');
  expect(rateText(0)).toBe('–');
});

test('rates beside each other are in the unit that suits most of them', () => {
  const rates = [1.02, 0.96, 0.5];
  expect(rateUnit(rates)).toBe('s per image');
  expect(rates.map((rate) => rateNumber(rate, 's per image'))).toEqual(['0.98', '1.0', '2.0']);
  expect(rateUnit([1.02, 1.4, 0.71])).toBe('images/s');
  expect(rateNumber(0.71, 'images/s')).toBe('0.71');
  expect(rateText(0.71, 'images/s')).toBe('0.71 images/s');
  expect(rateUnit([])).toBe('images/s');
});

test('one is one and many are many', () => {
  expect(countOf(1, 'image')).toBe('1 image');
  expect(countOf(12_000, 'image')).toBe('12,000 images');
  expect(countOf(2, 'entry', 'entries')).toBe('2 entries');
});
