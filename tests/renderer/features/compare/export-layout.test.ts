import { describe, expect, test } from 'vitest';

import { defaultLayout, toggleValue } from '../../../../renderer/features/compare/axes.ts';
import { openBook } from '../../../../renderer/features/compare/book.ts';
import { exportLayout } from '../../../../renderer/features/compare/export-layout.ts';
import { layOutGrid } from '../../../../renderer/features/compare/grid.ts';
import { aComparison } from './a-comparison.ts';

const book = openBook(
  aComparison({
    runs: [
      [0, 1, 5],
      [0, 1, 5],
    ],
    seeds: [3, 4],
  }),
);
const exported = (layout: ReturnType<typeof defaultLayout>, allEpochs = false) =>
  exportLayout(book, layout, layOutGrid(book, layout)!, allEpochs);

describe('an exported layout', () => {
  test('has all that spans the grid, and one value of everything else', () => {
    expect(exported({ ...defaultLayout(1), at: { run: 2, seed: 4 } })).toEqual({
      runIds: [2],
      epochs: [0, 1, 5],
      prompts: [
        { prompt: 'a cat', negativePrompt: '' },
        { prompt: 'a dog', negativePrompt: '' },
      ],
      seeds: [4],
      columns: 'epoch',
      rows: 'prompt',
    });
  });

  test('leaves out what is hidden', () => {
    expect(exported(toggleValue(defaultLayout(1), 'epoch', 1)).epochs).toEqual([0, 5]);
  });

  test('moves through all epochs where it is an animation', () => {
    expect(exported(defaultLayout(2)).epochs).toEqual([5]);
    expect(exported(defaultLayout(2), true).epochs).toEqual([0, 1, 5]);
  });
});
