import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { rangeInSight, scrollToShow } from '../../../renderer/components/window-range.ts';

const pixels = fc.integer({ min: 0, max: 100_000 });

describe('what is in sight', () => {
  test('covers every pixel of the view, and little more', () => {
    fc.assert(
      fc.property(
        pixels,
        fc.integer({ min: 1, max: 3000 }),
        fc.integer({ min: 1, max: 500 }),
        (scroll, view, size) => {
          const { first, end } = rangeInSight(scroll, view, size, 1_000_000);
          expect(first * size).toBeLessThanOrEqual(scroll);
          expect(end * size).toBeGreaterThanOrEqual(scroll + view);
          expect(end - first).toBeLessThanOrEqual(view / size + 4);
        },
      ),
    );
  });

  test('stays within what there is', () => {
    expect(rangeInSight(5000, 400, 100, 3)).toEqual({ first: 2, end: 3 });
    expect(rangeInSight(0, 400, 100, 0)).toEqual({ first: 0, end: 0 });
  });
});

describe('scrolling to something', () => {
  test('goes no further than needed', () => {
    expect(scrollToShow(100, 300, 150, 250)).toBe(100);
    expect(scrollToShow(100, 300, 40, 140)).toBe(40);
    expect(scrollToShow(100, 300, 380, 480)).toBe(180);
  });

  test('shows the beginning of what is larger than the view', () => {
    expect(scrollToShow(0, 300, 500, 1000)).toBe(500);
  });
});
