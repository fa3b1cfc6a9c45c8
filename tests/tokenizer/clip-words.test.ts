import { expect, test } from 'vitest';

import { normalizeText } from '../../native/tokenizer/clip-words.ts';

const acute = '\u0301';
const below = '\u0323';

test('texts are composed as Unicode does it, in runs of marks as scripts have them', () => {
  for (const text of [`e${acute}`, `a${below}${acute} Ê`, `o${acute.repeat(200)}${below}`])
    expect(normalizeText(text)).toBe(text.normalize('NFC').toLowerCase());
});

test('a run of marks without end keeps its letters, and all that is around it is composed', () => {
  const text = `cafe${acute} x${(acute + below).repeat(2000)} cafe${acute}`;
  const normalized = normalizeText(text);
  expect(normalized.startsWith('café x')).toBe(true);
  expect(normalized.endsWith(' café')).toBe(true);
  expect(normalized.match(/\p{M}/gu)).toHaveLength(4000);
});
