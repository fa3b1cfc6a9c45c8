import { expect, test } from 'vitest';

import { grownMib } from '../../../scripts/gpu-check/training.ts';

test('memory grows by what it has after the last step measured beyond that after the second', () => {
  expect(grownMib({ 1: 900, 2: 1200, 5: 1200, 20: 1200 })).toBe(0);
  expect(grownMib({ 1: 900, 2: 1200, 5: 1300, 20: 1500 })).toBe(300);
  expect(grownMib({ 1: 900, 2: 1200 })).toBeNull();
  expect(grownMib({})).toBeNull();
});
