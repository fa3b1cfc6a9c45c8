import { expect, test } from 'vitest';

import { unknownWords } from '../../electron/runs/unknown-words.ts';

/** A token for every three letters of a word. */
const reading = { limit: 75, count: (text: string) => Math.ceil(text.length / 3) };

test('words that a base spells out of many pieces are named, those in most captions first', async () => {
  const images = [
    { captions: ['a Pikachu in the snow', 'never looked at: abracadabra'] },
    { captions: ['a charizard, PIKACHU'] },
    { captions: [''] },
  ];
  expect(await unknownWords(reading, images)).toEqual(['pikachu', 'charizard']);
});

test('no more are named than anybody reads, and none that is long in any vocabulary', async () => {
  const words = Array.from({ length: 20 }, (_, at) => `unheard${String.fromCharCode(97 + at)}`);
  expect(await unknownWords(reading, [{ captions: [words.join(' ')] }])).toHaveLength(8);
  expect(await unknownWords(reading, [{ captions: ['incomprehensibilities'] }])).toEqual([]);
});
