import { describe, expect, test } from 'vitest';

import { promptKey } from '../../../../renderer/features/compare/axes.ts';
import { cellAt, openBook, tally } from '../../../../renderer/features/compare/book.ts';
import { aComparison, aSample } from './a-comparison.ts';

const at = (epoch: number, prompt = 'a cat') => ({
  run: 1,
  epoch,
  prompt: promptKey({ prompt, negativePrompt: '' }),
  seed: 0,
});
const changed = (id: number, change: Partial<ReturnType<typeof aSample>>) => {
  const comparison = aComparison();
  return {
    ...comparison,
    samples: comparison.samples.map((sample) => (sample.id === id ? { ...sample, ...change } : sample)),
  };
};

describe('a cell', () => {
  test('is a picture that is there', () => {
    expect(cellAt(openBook(aComparison()), at(1))).toMatchObject({ kind: 'ready', sample: { epoch: 1 } });
  });

  test.each(['queued', 'making'] as const)('is %s while it is on the way', (status) => {
    expect(cellAt(openBook(changed(1, { status })), at(0)).kind).toBe(status);
  });

  test('says why it failed', () => {
    const failure = { code: 'engine-died', message: 'The engine ended.', hint: 'Try again.' };
    expect(cellAt(openBook(changed(1, { status: 'failed', failure })), at(0))).toMatchObject({
      kind: 'failed',
      failure,
    });
  });

  test('is missing where its checkpoint is there and nobody asked for it, or took it out of the queue', () => {
    const comparison = aComparison();
    const book = openBook({ ...comparison, samples: comparison.samples.filter(({ id }) => id !== 1) });
    expect(cellAt(book, at(0)).kind).toBe('missing');
    expect(cellAt(openBook(changed(1, { status: 'cancelled' })), at(0)).kind).toBe('missing');
  });

  test('is without a checkpoint where the run has none of that epoch', () => {
    const book = openBook(
      aComparison({
        runs: [
          [0, 1],
          [0, 2],
        ],
      }),
    );
    expect(cellAt(book, at(2)).kind).toBe('no-checkpoint');
    expect(cellAt(book, { ...at(2), run: 2 }).kind).toBe('ready');
  });
});

describe('the tally', () => {
  test('counts what is there, on the way, failed and missing', () => {
    const comparison = changed(1, { status: 'queued' });
    const samples = comparison.samples
      .filter(({ id }) => id !== 2)
      .map((sample) => (sample.id === 3 ? { ...sample, status: 'failed' as const } : sample));
    expect(tally(openBook({ ...comparison, samples }))).toEqual({
      ready: 5,
      waiting: 1,
      failed: 1,
      missing: 1,
    });
  });
});
