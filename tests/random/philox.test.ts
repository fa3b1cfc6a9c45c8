import { describe, expect, test } from 'vitest';

import {
  bernoulli,
  integer,
  normals,
  permutation,
  philox4x32,
  uniform,
  uniforms,
} from '../../native/random/philox.ts';
import { type Stream, streams } from '../../native/random/streams.ts';

const names = Object.keys(streams) as Stream[];

describe('Philox4x32-10', () => {
  // The known answers of Random123 1.14.0 (tests/kat_vectors), by the algorithm's authors: counter, key, words.
  test.each([
    ['00000000 00000000 00000000 00000000 00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('gives the published answer for counter and key %s', (input, answer) => {
    const [c0, c1, c2, c3, k0, k1] = input.split(' ').map((word) => parseInt(word, 16));
    const words = new Uint32Array(4);
    philox4x32(c0!, c1!, c2!, c3!, k0!, k1!, words);
    expect(Array.from(words, (word) => word.toString(16).padStart(8, '0')).join(' ')).toBe(answer);
  });
});

describe('a random draw', () => {
  test('depends on nothing but seed, stream, step and index', () => {
    const draw = (): Float32Array => normals(3, 'noise', 10, 2, new Float32Array(64));
    const before = draw();
    uniforms(99, 'noise', 10, 2, new Float32Array(1000));
    expect(draw()).toEqual(before);
  });

  test('differs where the seed, stream, step or index does, in the upper half of the seed too', () => {
    const first = (seed: number, stream: Stream, step: number, index: number): number =>
      uniform(seed, stream, step, index);
    const draws = [
      first(1, 'noise', 0, 0),
      first(2, 'noise', 0, 0),
      first(1 + 2 ** 40, 'noise', 0, 0),
      first(1, 'noise', 1, 0),
      first(1, 'noise', 0, 1),
      ...names.filter((name) => name !== 'noise').map((name) => first(1, name, 0, 0)),
    ];
    expect(new Set(draws).size).toBe(draws.length);
  });

  test('keeps its bits: seed, step, index and stream are where old runs had them', () => {
    const words = new Uint32Array(4);
    const seed = 0x5_1234_5678;
    philox4x32(1, 7, 9, 1, 0x12345678, 0x5, words);
    const drawn = uniforms(seed, 'noise', 9, 7, new Float32Array(8));
    expect([...drawn.subarray(4)]).toEqual(Array.from(words, (word) => (word >>> 8) / 2 ** 24));
    expect(streams).toEqual({
      noise: 1,
      timesteps: 2,
      captions: 3,
      dropout: 4,
      flip: 5,
      order: 6,
      'noise-offset': 7,
      posterior: 8,
      'initial-weights': 9,
      validation: 10,
      'noise-deviation': 11,
      'class-images': 12,
      'noise-pyramid': 13,
      'noise-pyramid-ratio': 14,
      'input-perturbation': 15,
      'lora-ranks': 16,
      alterations: 20,
      versions: 21,
    });
  });

  test('is a beginning of the longer draw of the same name', () => {
    const long = normals(1, 'posterior', 4, 0, new Float32Array(40));
    for (const length of [0, 1, 2, 3, 5, 39]) {
      expect(normals(1, 'posterior', 4, 0, new Float32Array(length))).toEqual(long.slice(0, length));
    }
  });

  test('refuses a seed, step or index that is not in its range', () => {
    expect(() => uniform(-1, 'noise', 0, 0)).toThrow(/seed/);
    expect(() => uniform(0.5, 'noise', 0, 0)).toThrow(/seed/);
    expect(() => uniform(1, 'noise', 2 ** 32, 0)).toThrow(/step/);
    expect(() => uniform(1, 'noise', 0, -1)).toThrow(/index/);
  });
});

// The draws below are fixed by their seeds; the bounds are five standard errors of a truly random sample.
describe('distributions', () => {
  const count = 100_000;

  test('of normals: mean 0, variance 1, skewness 0, kurtosis 3, neighbours uncorrelated', () => {
    const values = normals(1, 'noise', 0, 0, new Float32Array(count));
    const moment = (power: number): number =>
      values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(count));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / count));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / count));
    for (const lag of [1, 2, 3, 4]) {
      let product = 0;
      for (let i = lag; i < count; i++) product += values[i]! * values[i - lag]!;
      expect(Math.abs(product / count)).toBeLessThan(5 / Math.sqrt(count));
    }
  });

  test('of uniforms: as many in each hundredth of [0, 1)', () => {
    const values = uniforms(1, 'timesteps', 0, 0, new Float32Array(count));
    const bins = new Array<number>(100).fill(0);
    for (const value of values) bins[Math.floor(value * 100)]!++;
    const chiSquare = bins.reduce((sum, n) => sum + (n - count / 100) ** 2 / (count / 100), 0);
    expect(chiSquare).toBeLessThan(99 + 5 * Math.sqrt(2 * 99));
  });

  test('of integers: every one below the bound, and about equally often', () => {
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 7000; i++) counts[integer(5, 'timesteps', i, 0, 7)]!++;
    for (const n of counts) expect(Math.abs(n - 1000)).toBeLessThan(5 * Math.sqrt((7000 * 6) / 49));
  });

  test('of coin flips: at the probability asked for, never at 0, always at 1', () => {
    let heads = 0;
    for (let i = 0; i < 10_000; i++) {
      if (bernoulli(5, 'dropout', 0, i, 0.1)) heads++;
      expect(bernoulli(5, 'dropout', 0, i, 0)).toBe(false);
      expect(bernoulli(5, 'dropout', 0, i, 1)).toBe(true);
    }
    expect(Math.abs(heads - 1000)).toBeLessThan(5 * Math.sqrt(900));
  });

  test('of permutations: each of the 24 orders of four about equally often', () => {
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 24_000; epoch++) {
      const order = permutation(8, 'order', epoch, 4).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    for (const n of counts.values()) expect(Math.abs(n - 1000)).toBeLessThan(5 * Math.sqrt(1000));
  });

  test('a permutation holds every number once', () => {
    const order = permutation(8, 'order', 0, 1000);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(permutation(8, 'order', 0, 1)).toEqual(new Uint32Array([0]));
    expect(permutation(8, 'order', 0, 0).length).toBe(0);
  });
});
