import { expect, test } from 'vitest';
import { byteRange } from '../../electron/hosts/web/byte-range.ts';

test.each([
  ['bytes=0-9', { start: 0, end: 9 }],
  ['bytes=90-', { start: 90, end: 99 }],
  ['bytes=90-1000', { start: 90, end: 99 }],
  ['bytes=-10', { start: 90, end: 99 }],
  ['bytes=-1000', { start: 0, end: 99 }],
  ['bytes=99-99', { start: 99, end: 99 }],
  ['bytes=100-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=9-0', null],
  ['bytes=-', null],
  ['bytes=0-1,4-5', null],
  ['items=0-1', null],
  [undefined, null],
])('%s of a hundred bytes', (header, expected) => {
  expect(byteRange(header, 100)).toEqual(expected);
});

test('nothing of an empty content can be asked for', () => {
  expect(byteRange('bytes=0-', 0)).toBe('unsatisfiable');
});
