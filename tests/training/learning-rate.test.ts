import { describe, expect, test } from 'vitest';

import { learningRateAt } from '../../native/training/learning-rate.ts';

const rates = (kind: 'constant' | 'linear' | 'cosine', warmupSteps: number, total: number): number[] =>
  Array.from({ length: total }, (_, i) => learningRateAt(8, { kind, warmupSteps }, i + 1, total));

describe('the learning rate', () => {
  test('rises linearly over the warm-up to its peak', () => {
    for (const kind of ['constant', 'linear', 'cosine'] as const) {
      expect(rates(kind, 4, 10).slice(0, 5)).toEqual([2, 4, 6, 8, 8]);
    }
  });

  test('stays constant', () => {
    expect(rates('constant', 0, 3)).toEqual([8, 8, 8]);
  });

  test('falls linearly towards zero, which it would reach the step after the last', () => {
    expect(rates('linear', 0, 4)).toEqual([8, 6, 4, 2]);
    expect(rates('linear', 2, 6)).toEqual([4, 8, 8, 6, 4, 2]);
  });

  test('falls along half a cosine', () => {
    const expected = [0, 1, 2, 3].map((i) => 4 * (1 + Math.cos((Math.PI * i) / 4)));
    rates('cosine', 0, 4).forEach((rate, i) => {
      expect(rate).toBeCloseTo(expected[i]!, 12);
    });
  });

  test('only rises where the warm-up is longer than the run', () => {
    expect(rates('cosine', 8, 3)).toEqual([1, 2, 3]);
  });
});
