import { describe, expect, test } from 'vitest';

import { batchParts } from '../../native/training/batch-parts.ts';

const cpu = { runsSideBySide: true, threads: 2 };
const partsOf = (rows: number, runtime: Parameters<typeof batchParts>[0] = cpu, weights = 1_000): number =>
  batchParts(runtime, weights).of({ rows, size: null });

describe('parts of a batch', () => {
  test('are one a thread, of equal rows, four or more', () => {
    expect([1, 4, 7, 8, 9, 10, 32].map((rows) => partsOf(rows))).toEqual([1, 1, 1, 2, 1, 2, 2]);
    expect([8, 12, 15, 16, 64].map((rows) => partsOf(rows, { ...cpu, threads: 12 }))).toEqual([
      2, 3, 3, 4, 4,
    ]);
  });

  test('are not made where runs do not go side by side, or the model is large', () => {
    expect(partsOf(32, { ...cpu, threads: 1 })).toBe(1);
    expect(partsOf(32, { ...cpu, threads: 0 })).toBe(1);
    expect(partsOf(32, { ...cpu, runsSideBySide: false })).toBe(1);
    expect(partsOf(32, cpu, 860_000_000)).toBe(1);
  });
});
