import { describe, expect, test } from 'vitest';

import { heldOutFromSample } from '../../../scripts/seedling/held-out.ts';

const sample = [
  { name: 'fox', category: 'animal', split: 'train' },
  { name: 'wolf', category: 'animal', split: 'validation' },
  { name: 't-rex', category: 'reptile', split: 'train' },
];
const animals = ['cat', 'cow', 'dog', 'goat', 'hare', 'horse', 'mole', 'pig', 'ram', 'seal'];
const candidates = [
  ...animals.slice(0, 5).map((name) => ({ name, category: 'animal' })),
  { name: 'Wolf', category: 'animal' },
  { name: 'fox', category: 'animal' },
  { name: 'T-Rex', category: 'reptile' },
  { name: 'bus', category: 'vehicle' },
  ...animals.slice(5).map((name) => ({ name, category: 'animal' })),
];

describe('what the report asks a finetuned model for', () => {
  test('begins with what the sample holds out, and has nothing it trains on or of a kind it lacks', () => {
    const names = heldOutFromSample(sample, candidates, 100).map(({ name }) => name);
    expect(names).toEqual(['Wolf', ...animals]);
  });

  test('is as many as asked for, each once and evenly spread', () => {
    const names = heldOutFromSample(sample, candidates, 6).map(({ name }) => name);
    expect(names).toEqual(['Wolf', 'cat', 'dog', 'hare', 'mole', 'ram']);
  });

  test('never holds more than asked for', () => {
    expect(heldOutFromSample(sample, candidates, 1)).toEqual([{ name: 'Wolf', category: 'animal' }]);
    expect(heldOutFromSample(sample, candidates, 0)).toEqual([]);
  });
});
