import { describe, expect, test } from 'vitest';

import { heldOutRange, stretchesBeyond } from '../../../renderer/components/held-out-range.ts';

const judged = (losses: readonly number[], first = 1, error?: number) =>
  losses.map((loss, at) => ({ epoch: first + at, loss, error }));

describe('the scale of held-out loss', () => {
  // Of a run on the sample: falling to epoch 10, then rising a little.
  const run = [
    0.1171, 0.1106, 0.1077, 0.106, 0.1047, 0.1043, 0.104, 0.1039, 0.1035, 0.1033, 0.1042, 0.1049, 0.1056,
    0.107,
  ];

  test('shows where the lowest is, whatever was before training', () => {
    const [low, high] = heldOutRange([{ epoch: 0, loss: 0.19 }, ...judged(run)])!;
    expect(low).toBeGreaterThan(0.1);
    expect(low).toBeLessThan(0.1033);
    expect(high).toBeLessThan(0.12);
    // From the lowest to the last is a good part of the height.
    expect((0.107 - 0.1033) / (high - low)).toBeGreaterThan(0.25);
  });

  test('keeps what rises slowly to the end, which is no outlier', () => {
    const rising = Array.from({ length: 30 }, (_, at) => 0.1 + at * 0.01);
    expect(heldOutRange(judged(rising))![1]).toBeGreaterThan(0.39);
  });

  test('holds the errors of what it shows, so that noise does not fill it unsaid', () => {
    const [low, high] = heldOutRange(judged([0.1, 0.1001, 0.1002], 1, 0.01))!;
    expect(low).toBeLessThan(0.09);
    expect(high).toBeGreaterThan(0.11);
  });

  test('makes nothing of differences of which nobody knows how sure they are, and that are tiny', () => {
    const [low, high] = heldOutRange(judged([0.1, 0.1001, 0.1]))!;
    expect(high - low).toBeGreaterThan(0.002);
  });

  test('shows the loss before training where that is the lowest', () => {
    const [low] = heldOutRange([{ epoch: 0, loss: 0.1 }, ...judged([0.15, 0.14, 0.145])])!;
    expect(low).toBeLessThan(0.1);
  });

  test('is there for one loss, and for none is none', () => {
    const [low, high] = heldOutRange([{ epoch: 0, loss: 0.1 }])!;
    expect(low).toBeLessThan(0.1);
    expect(high).toBeGreaterThan(0.1);
    expect(heldOutRange([])).toBeNull();
  });
});

test('where a curve goes on beyond a range is told once for each stretch', () => {
  const points = [9, 8, 5, 0, -1, 9, -1].map((value, at) => ({ at, value }));
  expect(stretchesBeyond(points, [0, 5])).toEqual([
    { above: true, from: 0, to: 1 },
    { above: false, from: 4, to: 4 },
    { above: true, from: 5, to: 5 },
    { above: false, from: 6, to: 6 },
  ]);
});
