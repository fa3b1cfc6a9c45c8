import { describe, expect, test } from 'vitest';

import { evenly } from '../../../native/facts/evenly.ts';
import { normals } from '../../../native/random/philox.ts';
import { frechetDistance } from '../../../scripts/seedling/base-report-measures.ts';
import {
  meanGradient,
  projectedDistance,
  projectionOf,
  sharpnessBeside,
} from '../../../scripts/seedling/transfer-measures.ts';

const rowsOf = (count: number, length: number, seed: number): Float32Array[] =>
  Array.from({ length: count }, (_, row) => normals(seed, 'noise', 0, row, new Float32Array(length)));

describe('the projection', () => {
  test('keeps distances where it has as many axes as rows differ in', () => {
    const rows = rowsOf(6, 40, 1);
    const project = projectionOf(rows, 5);
    const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
      Math.sqrt(Array.from(a).reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0));
    expect(apart(project(rows[0]!), project(rows[3]!))).toBeCloseTo(apart(rows[0]!, rows[3]!), 4);
  });

  test('finds the axis along which rows differ most', () => {
    const rows = rowsOf(30, 20, 2).map((row) => row.map((value, i) => (i === 7 ? 50 * value : value)));
    const first = projectionOf(rows, 1)(Float32Array.from({ length: 20 }, (_, i) => (i === 7 ? 1000 : 0)));
    expect(Math.abs(first[0]!)).toBeGreaterThan(950);
  });

  test('shows a Fréchet distance that lies within its axes', () => {
    const [a, b] = [rowsOf(40, 8, 3), rowsOf(40, 8, 4).map((row) => row.map((value) => value * 2 + 1))];
    const project = projectionOf([...a, ...b], 8);
    expect(projectedDistance(project, a, b)).toBeCloseTo(frechetDistance(a, b), 3);
  });
});

describe('sharpness', () => {
  const size = 32;
  const step = (width: number): Float32Array =>
    Float32Array.from({ length: 3 * size * size }, (_, i) =>
      Math.min(1, Math.max(-1, ((i % size) - 15.5) / width)),
    );

  test('of a ramp is its rise over its run', () => {
    // From 0 to 1 over 31 differences of neighbours, in each row.
    expect(meanGradient(step(15.5), size)).toBeCloseTo(1 / 31, 6);
  });

  test('does not count what a screen clips', () => {
    expect(
      meanGradient(
        step(15.5).map((value) => value * 1e6),
        size,
      ),
    ).toBeCloseTo(1 / 31, 6);
  });

  test('is one beside the same pictures, and less where details are washed out', () => {
    const detailed = rowsOf(2, 3 * size * size, 5).map((row) => row.map((value) => value / 4));
    const washed = detailed.map((row) => row.map((value) => value / 2));
    expect(sharpnessBeside(detailed, detailed, size)).toBe(1);
    expect(sharpnessBeside(washed, detailed, size)).toBeCloseTo(0.5, 1);
  });
});

test('what is taken evenly is taken once each, and all where there is no more', () => {
  expect(evenly([1, 2, 3, 4, 5, 6], 3)).toEqual([1, 3, 5]);
  expect(evenly([1, 2], 5)).toEqual([1, 2]);
});
