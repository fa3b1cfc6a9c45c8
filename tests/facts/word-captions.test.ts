import { expect, test } from 'vitest';

import { captionsWithWord } from '../../native/facts/word-captions.ts';

const word = '<wolf>';

test('captions that say the word stay as they are', () => {
  for (const captions of ['object', 'style', 'own'] as const)
    expect(captionsWithWord(['a <WOLF>, asleep'], { word, captions })).toEqual(['a <WOLF>, asleep']);
});

// The sentences of diffusers' and kohya's textual inversion: 27 and 19.
test.each([
  ['object', 27, 'a photo of a <wolf>'],
  ['style', 19, 'a painting in the style of <wolf>'],
] as const)('others become sentences about its %s', (captions, count, first) => {
  const said = captionsWithWord(['a dog', 'wolves'], { word, captions });
  expect([said.length, said[0]]).toEqual([count, first]);
  expect(said.every((text) => text.includes(word))).toBe(true);
});

test('or the word is put before them', () => {
  expect(captionsWithWord(['a dog', '', 'the <wolf>'], { word, captions: 'own' })).toEqual([
    '<wolf>, a dog',
    '<wolf>',
    'the <wolf>',
  ]);
});

test('of several captions of an image those that say it are enough', () => {
  expect(captionsWithWord(['a dog', 'a <wolf>'], { word, captions: 'object' })).toEqual(['a <wolf>']);
});

test('a word with signs in it is taken literally', () => {
  expect(captionsWithWord(['a $& b'], { word: '$&x', captions: 'object' })[0]).toBe('a photo of a $&x');
});
