import { describe, expect, test } from 'vitest';

import { epochMarks } from '../../../renderer/components/epoch-scale.ts';

describe('marks on a ruler of epochs', () => {
  test('stand where their epoch is, each once, in order', () => {
    expect(epochMarks(10, [5, 0, 10, 5]).map(({ epoch, at }) => [epoch, at])).toEqual([
      [0, 0],
      [5, 0.5],
      [10, 1],
    ]);
  });

  test('leave out what lies past the end', () => {
    expect(epochMarks(10, [1, 30]).map(({ epoch }) => epoch)).toEqual([1]);
  });

  test('are crowded where two dots would touch', () => {
    const crowded = epochMarks(100, [0, 1, 2, 50, 97, 100]).filter((mark) => mark.crowded);
    expect(crowded.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 97, 100]);
    expect(epochMarks(15, [0, 1, 2, 5, 15]).some((mark) => mark.crowded)).toBe(false);
    expect(
      epochMarks(
        1000,
        Array.from({ length: 1000 }, (_, at) => at),
      ).every((mark) => mark.crowded),
    ).toBe(true);
  });

  test('have their number where there is room, the last always', () => {
    const labelled = epochMarks(100, [0, 1, 2, 5, 15, 98, 100]).filter((mark) => mark.labelled);
    expect(labelled.map(({ epoch }) => epoch)).toEqual([5, 15, 100]);
  });
});
