import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { usualNoise } from '../../native/facts/losses.ts';
import { addNoisePyramid } from '../../native/training/noise-pyramid.ts';
import { perturbed, trainingNoise } from '../../native/training/training-noise.ts';
import { maxDifference } from '../graph/evaluate.ts';

const { pyramid } = JSON.parse(
  await readFile(join(import.meta.dirname, '..', 'reference', 'fixtures', 'losses.json'), 'utf8'),
) as {
  readonly pyramid: {
    readonly size: readonly [number, number, number];
    readonly iterations: number;
    readonly discount: number;
    readonly ratios: readonly number[];
    readonly noise: readonly number[];
    readonly levels: readonly (readonly number[])[];
    readonly result: readonly number[];
  };
};

const size = { channels: 4, height: 16, width: 24 };
const plain = { seed: 3, noiseOffset: 0 };
const withPyramid = { ...plain, noise: { ...usualNoise, pyramidIterations: 6, pyramidDiscount: 0.4 } };

describe('a noise pyramid', () => {
  test('is what kohya’s sd-scripts make of the same draws', () => {
    const [channels, height, width] = pyramid.size;
    const noise = Float32Array.from(pyramid.noise);
    let levels = 0;
    addNoisePyramid(noise, { channels, height, width }, pyramid, {
      ratio: (level) => pyramid.ratios[level]!,
      normals: (level, count) => {
        levels += 1;
        expect(pyramid.levels[level]).toHaveLength(count);
        return Float32Array.from(pyramid.levels[level]!);
      },
    });
    expect(levels).toBe(pyramid.levels.length);
    // Float32's rounding.
    expect(maxDifference(noise, Float32Array.from(pyramid.result))).toBeLessThan(1e-5);
  });

  test('is other noise for each image and step, and the same whenever it is drawn', () => {
    const at = (step: number, index: number) => trainingNoise(withPyramid, step, index, size).join();
    expect(at(1, 0)).toBe(at(1, 0));
    expect(new Set([at(1, 0), at(1, 1), at(2, 0), at(1, 2 ** 31)]).size).toBe(4);
  });

  test('has a deviation of 1, and more in common between neighbours than plain noise', () => {
    const inCommon = (noise: Float32Array) => {
      let sum = 0;
      for (let i = 1; i < noise.length; i++) sum += noise[i]! * noise[i - 1]!;
      return sum / noise.length;
    };
    const noise = { ...usualNoise, pyramidIterations: 6, pyramidDiscount: 0.9 };
    const coarse = trainingNoise({ ...plain, noise }, 1, 0, size);
    const squares = coarse.reduce((sum, value) => sum + value ** 2, 0) / coarse.length;
    // The mean of a pyramid is not zero, so its squares say more than its deviation.
    expect(Math.abs(squares - 1)).toBeLessThan(0.5);
    expect(inCommon(coarse)).toBeGreaterThan(0.2);
    expect(Math.abs(inCommon(trainingNoise(plain, 1, 0, size)))).toBeLessThan(0.1);
  });
});

test('a perturbed input has as much more noise as is asked for', () => {
  const settings = { ...plain, noise: { ...usualNoise, inputPerturbation: 0.5 } };
  const large = { channels: 4, height: 64, width: 64 };
  const noise = trainingNoise(settings, 1, 0, large);
  expect(noise).toEqual(trainingNoise(plain, 1, 0, large));
  const more = perturbed(noise, settings, 1, 0).map((value, i) => value - noise[i]!);
  const squares = more.reduce((sum, value) => sum + value ** 2, 0) / more.length;
  // 16384 draws of deviation 0.5: the variance deviates by 0.003.
  expect(Math.abs(squares - 0.25)).toBeLessThan(0.015);
});
