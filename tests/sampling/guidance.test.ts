import { describe, expect, test } from 'vitest';

import { applyGuidance } from '../../native/sampling/guidance.ts';

/** Two pictures of three values: unconditional half, then conditional half; all numbers exact in binary. */
function modelOutput(): Float32Array<ArrayBuffer> {
  return new Float32Array([1, 2, 3, 0, 0.5, 1, 2, 2, 5, 0, 1, 4]);
}

function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

describe('classifier-free guidance', () => {
  test('goes from the unconditional output past the conditional one', () => {
    expect([...applyGuidance(modelOutput(), 2, 7.5)]).toEqual([8.5, 2, 18, 0, 4.25, 23.5]);
  });

  test('at scale 1 is the conditional output and at 0 the unconditional one', () => {
    expect([...applyGuidance(modelOutput(), 2, 1)]).toEqual([2, 2, 5, 0, 1, 4]);
    expect([...applyGuidance(modelOutput(), 2, 0)]).toEqual([1, 2, 3, 0, 0.5, 1]);
  });

  test('works in the first half of the array it is given', () => {
    const output = modelOutput();
    expect(applyGuidance(output, 2, 3).buffer).toBe(output.buffer);
    expect([...output.subarray(6)]).toEqual([2, 2, 5, 0, 1, 4]);
  });

  test('rescaled in full has the spread of the conditional output, picture by picture', () => {
    const guided = applyGuidance(modelOutput(), 2, 7.5, 1);
    const conditional = modelOutput().subarray(6);
    for (const [from, to] of [
      [0, 3],
      [3, 6],
    ]) {
      // Single precision.
      expect(deviation(guided.subarray(from, to))).toBeCloseTo(deviation(conditional.subarray(from, to)), 5);
    }
  });

  test('rescaled in part lies that far between', () => {
    const none = applyGuidance(modelOutput(), 2, 7.5);
    const full = applyGuidance(modelOutput(), 2, 7.5, 1);
    const part = applyGuidance(modelOutput(), 2, 7.5, 0.7);
    part.forEach((value, i) => {
      expect(value).toBeCloseTo(0.7 * full[i]! + 0.3 * none[i]!, 5);
    });
  });

  test('refuses an output that is not two halves of that many pictures', () => {
    expect(() => applyGuidance(modelOutput(), 5, 7.5)).toThrow(/two halves of 5/);
  });
});
