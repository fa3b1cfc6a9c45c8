import { describe, expect, test } from 'vitest';

import { normals } from '../../../native/random/philox.ts';
import {
  frechetDistance,
  peakSignalToNoise,
  retrievalRank,
  shareWithin,
  styleFeatureNames,
  styleFeatures,
} from '../../../scripts/seedling/base-report-measures.ts';
import { principalComponents, symmetricEigen } from '../../../scripts/seedling/principal-components.ts';

const size = 16;
const area = size * size;

/** A picture [3, 16, 16] of one value per pixel and channel. */
function picture(value: (c: number, y: number, x: number) => number): Float32Array {
  return Float32Array.from({ length: 3 * area }, (_, i) =>
    value(Math.floor(i / area), Math.floor(i / size) % size, i % size),
  );
}

function gaussians(count: number, deviations: readonly number[], means: readonly number[], seed: number) {
  return Array.from({ length: count }, (_, row) =>
    normals(seed, 'noise', 0, row, new Float32Array(deviations.length)).map(
      (value, i) => value * deviations[i]! + means[i]!,
    ),
  );
}

describe('the peak signal-to-noise ratio', () => {
  test('is 20 dB where every value is off by a tenth of the range', () => {
    const real = picture(() => 0);
    expect(
      peakSignalToNoise(
        real.map((value) => value + 0.2),
        real,
      ),
    ).toBeCloseTo(20, 4);
  });

  test('forgives what a screen clips', () => {
    const real = picture((c) => (c === 0 ? 1 : 0.5));
    const made = picture((c) => (c === 0 ? 1.7 : 0.6));
    const clipped = picture((c) => (c === 0 ? 1 : 0.6));
    expect(peakSignalToNoise(made, real)).toBe(peakSignalToNoise(clipped, real));
  });
});

describe('the Fréchet distance', () => {
  test('is zero of a set and itself', () => {
    const set = gaussians(50, [1, 2, 0.5], [0, 1, 2], 1);
    expect(Math.abs(frechetDistance(set, set))).toBeLessThan(1e-9);
  });

  test('of two diagonal normals is the sum of squared differences of means and of deviations', () => {
    const [a, b] = [gaussians(20_000, [1, 2], [0, 0], 1), gaussians(20_000, [3, 2], [1, -1], 2)];
    // 1 + 1 for the means, (1 - 3)² for the deviations; 20,000 draws leave an error of about a percent.
    expect(frechetDistance(a, b)).toBeGreaterThan(6 * 0.95);
    expect(frechetDistance(a, b)).toBeLessThan(6 * 1.05);
  });

  test('sees a correlation that means and variances do not show', () => {
    const a = gaussians(4000, [1, 1], [0, 0], 1);
    const b = a.map(([x, y]) => [x!, 0.9 * x! + Math.sqrt(1 - 0.81) * y!]);
    // tr(C1 + C2 - 2 C2^½) with C1 = I and C2's eigenvalues 1.9 and 0.1.
    expect(frechetDistance(a, b)).toBeCloseTo(4 - 2 * (Math.sqrt(1.9) + Math.sqrt(0.1)), 1);
  });
});

describe('retrieval', () => {
  const mean = [1, 1];
  const candidates = [
    [2, 1],
    [1, 2],
    [0, 1],
  ];

  test('ranks by direction from the mean, whatever the length', () => {
    expect(retrievalRank([1.1, 1.01], candidates, 0, mean)).toBe(1);
    expect(retrievalRank([1.1, 1.01], candidates, 1, mean)).toBe(2);
    expect(retrievalRank([1.1, 1.01], candidates, 2, mean)).toBe(3);
  });

  test('counts ranks within the first few', () => {
    expect(shareWithin([1, 3, 5, 9], 1)).toBe(0.25);
    expect(shareWithin([1, 3, 5, 9], 5)).toBe(0.75);
  });
});

describe('style features', () => {
  const named = (values: readonly number[]) =>
    Object.fromEntries(styleFeatureNames.map((name, i) => [name, values[i]!]));

  test('have a name each', () => {
    expect(
      styleFeatures(
        picture(() => 0),
        size,
      ),
    ).toHaveLength(styleFeatureNames.length);
  });

  test('tell flat from softly shaded and hard-edged drawing', () => {
    const flat = named(
      styleFeatures(
        picture(() => 0),
        size,
      ),
    );
    const soft = named(
      styleFeatures(
        picture((_, y, x) => (x + y) / 20 - 1),
        size,
      ),
    );
    const hard = named(
      styleFeatures(
        picture((_, y, x) => ((x + y) % 2 === 0 ? 0.5 : -1)),
        size,
      ),
    );
    expect(flat).toMatchObject({ flat: 4, soft: 0, hard: 0 });
    expect(soft.soft).toBeGreaterThan(3);
    expect(hard.hard).toBeGreaterThan(3);
    expect(hard['edges 1:1']).toBeGreaterThan(soft['edges 1:1']!);
    expect(hard['edges 1:2']).toBeLessThan(soft['edges 1:2']!);
  });

  test('see colour and paper', () => {
    const red = named(
      styleFeatures(
        picture((c) => (c === 0 ? 1 : -1)),
        size,
      ),
    );
    expect(red).toMatchObject({ red: 4, green: 0, saturation: 4, paper: 0 });
    const white = named(
      styleFeatures(
        picture(() => 1),
        size,
      ),
    );
    expect(white).toMatchObject({ saturation: 0, paper: 2 });
    expect(white['light 0,0']).toBeCloseTo(1, 9);
  });
});

describe('principal components', () => {
  test('are orthonormal and bring a symmetric matrix to its diagonal', () => {
    const matrix = [
      [4, 1, 0.5],
      [1, 3, -1],
      [0.5, -1, 2],
    ].map((row) => Float64Array.from(row));
    const { values, vectors } = symmetricEigen(matrix);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const dot = vectors[i]!.reduce((sum, value, k) => sum + value * vectors[j]![k]!, 0);
        expect(dot).toBeCloseTo(i === j ? 1 : 0, 10);
      }
      matrix.forEach((row, k) => {
        const applied = row.reduce((sum, value, l) => sum + value * vectors[i]![l]!, 0);
        expect(applied).toBeCloseTo(values[i]! * vectors[i]![k]!, 9);
      });
    }
  });

  test('find the line that points lie along', () => {
    const rows = [-2, -1, 0, 1, 2].map((t) => [3 * t + 1, 4 * t - 1]);
    const { mean, components, deviations } = principalComponents(rows, 1);
    expect([...mean]).toEqual([1, -1]);
    expect(Math.abs(components[0]![0]! * 3 + components[0]![1]! * 4)).toBeCloseTo(5, 9);
    expect(deviations[0]).toBeCloseTo(5 * Math.sqrt(2), 9);
  });
});
