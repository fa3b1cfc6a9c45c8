import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  gap,
  gridLayout,
  pageSize,
  pagesOf,
} from '../../../../renderer/features/datasets/images/grid-layout.ts';

test('tiles fill the width in as many columns of about the wanted size as fit', () => {
  expect(gridLayout({ width: 800, count: 100, wanted: 148 })).toMatchObject({
    columns: 5,
    tile: 153,
    rows: 20,
  });
});

test('a grid is never wider than its place, and has a row for every image', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4000 }),
      fc.integer({ min: 0, max: 700_000 }),
      fc.integer({ min: 64, max: 320 }),
      (width, count, wanted) => {
        const { columns, tile, rows } = gridLayout({ width, count, wanted });
        expect(columns * tile + (columns - 1) * gap).toBeLessThanOrEqual(Math.max(width, 1));
        expect(rows * columns).toBeGreaterThanOrEqual(count);
      },
    ),
  );
});

test('680,000 images are no taller than a browser can lay out', () => {
  const { rows, rowHeight } = gridLayout({ width: 3300, count: 680_000, wanted: 320 });
  expect(rows * rowHeight).toBeLessThanOrEqual(2 ** 25);
});

test('a row lies on one page of images or on two', () => {
  expect(pagesOf(0, 6)).toEqual({ first: 0, last: 0 });
  expect(pagesOf(pageSize - 1, pageSize + 3)).toEqual({ first: 0, last: pageSize });
});
