import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { taughtWords, unknownWords } from '../../electron/runs/unknown-words.ts';

/** A token for each everyday word, else for every three letters. */
const everyday = ['elephant', 'guitar', 'avocado', 'doughnut'];
const reading = {
  limit: 75,
  count: (text: string) => (everyday.includes(text) ? 1 : Math.ceil(text.length / 3)),
};

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

test('a vocabulary that spells everyday words says nothing of what its model knows', async () => {
  const small = { limit: 18, count: (text: string) => text.length };
  expect(await unknownWords(small, [{ captions: ['an elephant'] }])).toEqual([]);
});

test('a base that lists what it was taught is gone by that', async () => {
  const seedling = fileURLToPath(new URL('../../resources/seedling', import.meta.url));
  const taught = await taughtWords(seedling);
  const captions = ['official 3d art of avocado, vegetable', 'two foxes, a Pikachu'];
  const images = captions.map((caption) => ({ captions: [caption] }));
  const small = { limit: 18, count: (text: string) => text.length };
  expect(await unknownWords(small, images, taught)).toEqual(['pikachu']);
  expect(await taughtWords('/nowhere')).toBeNull();
});
