import { expect, test } from 'vitest';

import { oddLetter, oddLetterText } from '../../native/facts/seen-letters.ts';

test.each([
  ['my\u200bwolf', 'has U+200B in it, a zero width space, which nobody sees'],
  ['my\u200dwolf', 'has U+200D in it, a zero width joiner, which nobody sees'],
  ['my\u00adwolf', 'has U+00AD in it, a soft hyphen, which nobody sees'],
  ['my\u0007wolf', 'has U+0007 in it, a control character, which nobody sees'],
  ['my\ufe0fwolf', 'has U+FE0F in it, a variation selector, which nobody sees'],
  ['my\u202ewolf', 'has U+202E in it, a letter that nobody sees'],
  ['my\u{1f43a}', 'has U+1F43A in it, an emoji, which is written in more than one way'],
  ['my\u{1f1e9}\u{1f1ea}', 'has U+1F1E9 in it, an emoji, which is written in more than one way'],
])('a letter that makes texts differ which look the same is named: %j', (text, said) => {
  const odd = oddLetter(text);
  expect(odd && oddLetterText(odd)).toBe(said);
});

test.each(['mywolf', '<wolf-2>', 'волк', '狼', 'loup_é', 'हिन्दी', 'cartoon wolf'])(
  'plain letters of any script are none: %s',
  (text) => {
    expect(oddLetter(text)).toBeNull();
  },
);
