import { describe, expect, test } from 'vitest';

import {
  extendTo,
  movedBy,
  noSelection,
  reordered,
  selectAll,
  selectOne,
  toggle,
} from '../../../../renderer/features/datasets/images/selection.ts';

const order = [10, 11, 12, 13, 14, 15];
const ids = (selection: { readonly ids: ReadonlySet<number> }) => [...selection.ids].sort();

describe('a selection', () => {
  test('is one image after a click, whatever it was', () => {
    const before = selectAll(noSelection, order);
    expect(ids(selectOne({ position: 2, id: 12 }))).toEqual([12]);
    expect(before.ids.size).toBe(6);
  });

  test('gains and loses single images', () => {
    const one = selectOne({ position: 0, id: 10 });
    const two = toggle(one, { position: 3, id: 13 });
    expect(ids(two)).toEqual([10, 13]);
    expect(ids(toggle(two, { position: 0, id: 10 }))).toEqual([13]);
  });

  test('stretches from its anchor, in either direction, as often as one likes', () => {
    const start = selectOne({ position: 3, id: 13 });
    const down = extendTo(start, 5, order);
    expect(ids(down)).toEqual([13, 14, 15]);
    const up = extendTo(down, 1, order);
    expect(ids(up)).toEqual([11, 12, 13]);
    expect(up).toMatchObject({ anchor: 3, cursor: 1 });
  });

  test('keeps its images but no place when the order changes', () => {
    const after = reordered(selectOne({ position: 3, id: 13 }));
    expect(after).toMatchObject({ anchor: null, cursor: null });
    expect(ids(after)).toEqual([13]);
  });
});

describe('keys', () => {
  const grid = { columns: 4, count: 10, page: 2 };

  test.each([
    ['ArrowRight', 0, 1],
    ['ArrowLeft', 0, 0],
    ['ArrowDown', 1, 5],
    ['ArrowUp', 5, 1],
    ['ArrowUp', 2, 2],
    ['ArrowDown', 7, 7],
    ['PageDown', 1, 9],
    ['PageUp', 9, 1],
    ['Home', 7, 0],
    ['End', 0, 9],
    ['ArrowRight', 9, 9],
  ] as const)('%s from %i leads to %i', (key, from, to) => {
    expect(movedBy(key, from, grid)).toBe(to);
  });

  test('begin at the first image, where there is one', () => {
    expect(movedBy('ArrowDown', null, grid)).toBe(0);
    expect(movedBy('ArrowDown', null, { ...grid, count: 0 })).toBeNull();
  });

  test('that move nowhere are left to others', () => {
    expect(movedBy('x', 3, grid)).toBeNull();
  });
});
