import { describe, expect, test } from 'vitest';

import { promptKey } from '../../../../renderer/features/compare/axes.ts';
import { openBook, sampleAt } from '../../../../renderer/features/compare/book.ts';
import { preloadOrder } from '../../../../renderer/features/compare/preload-order.ts';
import { aComparison } from './a-comparison.ts';

const places = ['a cat', 'a dog'].map((prompt) => ({
  run: 1,
  epoch: 2,
  prompt: promptKey({ prompt, negativePrompt: '' }),
  seed: 0,
}));

describe('what is loaded ahead', () => {
  test('is every epoch of what is in sight, the nearest of all cells first', () => {
    const book = openBook(aComparison());
    const epochs = preloadOrder(book, places, 2).map(({ epoch }) => epoch);
    expect(epochs).toEqual([2, 2, 1, 1, 5, 5, 0, 0]);
  });

  test('is nothing that is not there yet', () => {
    const comparison = aComparison();
    const samples = comparison.samples.map((sample) => ({ ...sample, status: 'queued' as const }));
    expect(preloadOrder(openBook({ ...comparison, samples }), places, 2)).toEqual([]);
    const book = openBook(comparison);
    expect(sampleAt(book, places[0]!)?.status).toBe('ready');
  });
});
