import { expect, test } from 'vitest';

import { proposedWord } from '../../electron/runs/word-defaults.ts';

test.each([
  ['wolf', 'mywolf'],
  ['My Wolf 2', 'mymywolf2'],
  ['birds and other beasts', 'mybirdsandother'],
  ['Donaudampfschifffahrt', 'mydonaudampfschiff'],
  ['狼の絵', 'my狼の絵'],
  ['—', 'myword'],
])('of %o the word %o is proposed', (dataset, word) => {
  expect(proposedWord(dataset, 'object')).toMatchObject({ kind: 'embedding', word });
});
