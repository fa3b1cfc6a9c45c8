import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { cellGap, fittingCell } from '../../../../renderer/features/compare/cell-size.ts';

const side = fc.integer({ min: 200, max: 3800 });
const count = fc.integer({ min: 1, max: 40 });

describe('a fitting cell', () => {
  test('lets all columns stand side by side wherever they can at all', () => {
    fc.assert(
      fc.property(side, side, count, count, (width, height, columns, rows) => {
        const cell = fittingCell({ width, height }, columns, rows, 1);
        if (cell > 96) expect(columns * (cell + cellGap)).toBeLessThanOrEqual(width);
        expect(cell).toBeGreaterThanOrEqual(96);
      }),
    );
  });

  test('grows with a large window as long as every row is seen', () => {
    const large = fittingCell({ width: 3400, height: 1900 }, 8, 4, 1);
    expect(large).toBeGreaterThan(400);
    expect(4 * (large + cellGap)).toBeLessThanOrEqual(1900);
    expect(fittingCell({ width: 1200, height: 700 }, 2, 40, 1)).toBe(320);
    // Three pictures side by side are all there is to see: nothing else could fill the room.
    expect(fittingCell({ width: 3400, height: 1900 }, 3, 1, 1)).toBeGreaterThan(1100);
    // Of many rows two fill a large screen, rather than small pictures its left half.
    expect(fittingCell({ width: 3400, height: 1900 }, 2, 40, 1)).toBe(768);
  });
});
