import { describe, expect, test } from 'vitest';

import { centralDifferences, differentiate } from './gradient-check.ts';
import { smoothCases } from './smooth-cases.ts';

describe.each(smoothCases)('$name', ({ shapes, build, reference, start }) => {
  test.each([
    ['', {}],
    [', also where norms give their output alone', { ownStatistics: true }],
  ])('has the gradient of its formula in double precision%s', async (_, options) => {
    const found = await differentiate(shapes, build, start, options);
    const expected = centralDifferences(reference, found);
    for (const name of Object.keys(shapes)) {
      Array.from(found.gradients[name]!).forEach((gradient, i) => {
        const exact = expected[name]![i]!;
        // 2e-5: a few float32 roundings of numbers near 1, and of exponentials up to e²·2.
        expect(Math.abs(gradient - exact) / Math.max(1, Math.abs(exact)), `${name}[${i}]`).toBeLessThan(2e-5);
      });
    }
  });
});
