import { expect, test } from 'vitest';

import { splitName } from '../../../../renderer/features/runs/split-name.ts';

test.each([
  [
    'what was tried',
    'Fluent emoji by hand, rate 0.00015, rank 4',
    'Fluent emoji by hand, ',
    'rate 0.00015, rank 4',
  ],
  ['whole words', 'foxes in the snow, by an artist', 'foxes in the ', 'snow, by an artist'],
  [
    'words with hyphens between',
    'wolves-in-watercolour-longer-captions-v2',
    'wolves-in-watercolour-',
    'longer-captions-v2',
  ],
  [
    'whole numbers',
    'foxes in snow and fog, rate 12e-4, rank 16, batch 4',
    'foxes in snow and fog, rate 12e-4, ',
    'rank 16, batch 4',
  ],
])('the end of a long name is kept: %s', (_, name, start, end) => {
  expect(splitName(name)).toEqual([start, end]);
});

test.each(['', 'Fluent emoji', 'a name of 24 letters, so'])('%j is all end', (name) => {
  expect(splitName(name)).toEqual(['', name]);
});

test('a long name of one word is all end', () => {
  expect(splitName('w'.repeat(40))).toEqual(['', 'w'.repeat(40)]);
});
