import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { axes, defaultLayout, spanWith } from '../../../../renderer/features/compare/axes.ts';
import { openBook } from '../../../../renderer/features/compare/book.ts';
import { layOutGrid } from '../../../../renderer/features/compare/grid.ts';
import { aComparison } from './a-comparison.ts';

describe('a grid', () => {
  test('has every epoch across and every prompt down', () => {
    const grid = layOutGrid(openBook(aComparison()), defaultLayout(1))!;
    expect(grid.columns).toHaveLength(4);
    expect(grid.rows).toHaveLength(2);
    const cell = grid.cellAt(1, 2);
    expect(cell).toMatchObject({ kind: 'ready', sample: { prompt: 'a dog', epoch: 2 } });
  });

  test('shows exactly the picture its headers and the other axes name, however it is laid out', () => {
    const book = openBook(
      aComparison({
        runs: [
          [0, 1, 3],
          [0, 1, 3],
        ],
        seeds: [4, 5],
      }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...axes),
        fc.constantFrom(...axes),
        fc.constantFrom(...book.values.epoch),
        fc.constantFrom(...book.values.seed),
        (columns, rows, epoch, seed) => {
          const spanned = spanWith(spanWith(defaultLayout(2), 'rows', rows), 'columns', columns);
          const grid = layOutGrid(book, { ...spanned, at: { epoch, seed } })!;
          grid.rows.forEach((down, row) => {
            grid.columns.forEach((across, column) => {
              const place = grid.placeAt(row, column)!;
              const said = { run: 1, epoch, seed, prompt: book.values.prompt[0] } as Record<string, unknown>;
              for (const header of [down, across]) {
                if (header.kind === 'value') said[header.axis] = header.value;
              }
              expect(place).toEqual(said);
              const cell = grid.cellAt(row, column);
              expect(cell).toMatchObject({
                kind: 'ready',
                sample: { runId: place.run, epoch: place.epoch, seed: place.seed },
              });
            });
          });
        },
      ),
    );
  });

  test('puts held-out images before the prompts whose captions they have, where asked to', () => {
    const book = openBook(aComparison({ heldOut: { 'a cat': 12 } }));
    const grid = layOutGrid(book, { ...defaultLayout(1), heldOut: true })!;
    expect(grid.columns[0]).toEqual({ kind: 'held-out' });
    expect(grid.columns).toHaveLength(5);
    expect(grid.cellAt(0, 0)).toEqual({ kind: 'held-out', imageId: 12 });
    expect(grid.cellAt(1, 0)).toEqual({ kind: 'held-out', imageId: null });
    expect(grid.placeAt(0, 0)).toBeNull();
  });

  test('puts them above where the prompts go across', () => {
    const book = openBook(aComparison({ heldOut: { 'a dog': 12 } }));
    const grid = layOutGrid(book, {
      ...spanWith(defaultLayout(1), 'columns', 'prompt'),
      heldOut: true,
    })!;
    expect(grid.rows[0]).toEqual({ kind: 'held-out' });
    expect(grid.cellAt(0, 1)).toEqual({ kind: 'held-out', imageId: 12 });
  });

  test('has no place for them where no prompt is such a caption', () => {
    const grid = layOutGrid(openBook(aComparison()), { ...defaultLayout(1), heldOut: true })!;
    expect(grid.columns).toHaveLength(4);
  });

  test('is none without prompts', () => {
    expect(layOutGrid(openBook(aComparison({ prompts: [] })), defaultLayout(1))).toBeNull();
  });
});
