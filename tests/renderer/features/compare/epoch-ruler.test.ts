import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { epochAt, rulerTicks } from '../../../../renderer/features/compare/epoch-ruler.ts';

const kept = [0, 1, 2, 5, 15, 30, 45, 60, 70, 100];

describe('the ruler', () => {
  test('puts epochs at their real distances, the base at the beginning', () => {
    const positions = rulerTicks([0, 1, 50, 100], 50, 800).map(({ position }) => position);
    expect(positions).toEqual([0, 0.01, 0.5, 1]);
  });

  test('always names the first and the last epoch, and the current one where it has room', () => {
    const ticks = rulerTicks(kept, 5, 800);
    const labelled = ticks.filter((tick) => tick.labelled).map(({ epoch }) => epoch);
    expect(labelled).toContain(0);
    expect(labelled).toContain(100);
    expect(labelled).toContain(5);
    expect(labelled).not.toContain(1);
  });

  test('gives every label a width of its own', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 200, max: 2000 }),
        (numbers, width) => {
          const epochs = numbers.sort((a, b) => a - b);
          const labels = rulerTicks(epochs, epochs[0]!, width).filter((tick) => tick.labelled);
          labels.slice(1).forEach((tick, index) => {
            expect((tick.position - labels[index]!.position) * width).toBeGreaterThan(17);
          });
        },
      ),
    );
  });

  test('takes a point to the nearest epoch that is there', () => {
    expect(epochAt(kept, 0.23)).toBe(30);
    expect(epochAt(kept, -1)).toBe(0);
    expect(epochAt(kept, 2)).toBe(100);
  });

  test('has a place for a single epoch', () => {
    expect(rulerTicks([0], 0, 500)).toEqual([{ epoch: 0, position: 0, labelled: true }]);
    expect(epochAt([3], 0.9)).toBe(3);
  });
});
