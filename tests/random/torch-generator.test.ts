import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { createTorchGenerator } from '../../native/random/torch-generator.ts';

interface Summary {
  readonly length: number;
  readonly head: readonly number[];
  readonly tail: readonly number[];
  readonly sum: number;
  readonly sumOfSquares: number;
}

// PyTorch 2.15.0, CPU; made by tests/reference/random-torch.py.
const reference = JSON.parse(
  readFileSync(new URL('../reference/fixtures/random-torch.json', import.meta.url), 'utf8'),
) as {
  readonly randn: readonly (Summary & { readonly seed: string })[];
  readonly sequences: readonly { readonly seed: string; readonly calls: readonly Summary[] }[];
  readonly rand: Summary & { readonly seed: string };
};

// PyTorch's vectorised logarithm, sine and cosine err in the last bit or two; normals reach 4 to 5, where the last
// bit is 2.4e-7 to 4.8e-7.
const tolerance = 6e-7;

function expectSame(values: Float32Array, expected: Summary): void {
  expect(values.length).toBe(expected.length);
  const tail = values.subarray(values.length - expected.tail.length);
  const errors = [
    ...expected.head.map((value, i) => Math.abs(values[i]! - value)),
    ...expected.tail.map((value, i) => Math.abs(tail[i]! - value)),
  ];
  expect(Math.max(...errors)).toBeLessThan(tolerance);
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  expect(Math.abs(sum - expected.sum) / values.length).toBeLessThan(tolerance);
  expect(Math.abs(squares - expected.sumOfSquares) / values.length).toBeLessThan(tolerance);
}

describe('the generator that follows PyTorch', () => {
  test.each(reference.randn)('draws what torch.randn draws: seed $seed, $length normals', (expected) => {
    expectSame(createTorchGenerator(BigInt(expected.seed)).randn(expected.length), expected);
  });

  test.each(reference.sequences)('goes on after each call as PyTorch does: seed $seed', ({ seed, calls }) => {
    const generator = createTorchGenerator(BigInt(seed));
    for (const expected of calls) expectSame(generator.randn(expected.length), expected);
  });

  test('draws the uniforms of torch.rand to the bit', () => {
    const expected = reference.rand;
    const values = createTorchGenerator(Number(expected.seed)).rand(expected.length);
    expect([...values.subarray(0, 16)]).toEqual(expected.head.map(Math.fround));
    expect([...values.subarray(values.length - 16)]).toEqual(expected.tail.map(Math.fround));
    // Multiples of 2^-24 below 1 add up exactly in double precision.
    expect(values.reduce((total, value) => total + value, 0)).toBe(expected.sum);
  });

  test('takes a seed as number or bigint, and only its lowest 32 bits count', () => {
    const expected = createTorchGenerator(5).randn(20);
    expect(createTorchGenerator(5n).randn(20)).toEqual(expected);
    expect(createTorchGenerator(2 ** 32 + 5).randn(20)).toEqual(expected);
    expect(createTorchGenerator(-(2n ** 32n) + 5n).randn(20)).toEqual(expected);
    expect(createTorchGenerator(6).randn(20)).not.toEqual(expected);
  });

  test('refuses a number that is no exact integer', () => {
    expect(() => createTorchGenerator(0.5)).toThrow(RangeError);
    expect(() => createTorchGenerator(2 ** 53)).toThrow(RangeError);
  });
});
