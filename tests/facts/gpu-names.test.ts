import { expect, test } from 'vitest';

import { gpuNames } from '../../native/facts/gpu-names.ts';

test('graphics cards are named, those of one name counted', () => {
  const named = (...names: readonly string[]) => gpuNames(names.map((name) => ({ name })));
  expect(named()).toBe('');
  expect(named('NVIDIA L4')).toBe('NVIDIA L4');
  expect(named('NVIDIA L4', 'NVIDIA L4')).toBe('2 × NVIDIA L4');
  expect(named('NVIDIA L4', 'NVIDIA A10', 'NVIDIA L4', 'NVIDIA T4')).toBe(
    '2 × NVIDIA L4, NVIDIA A10 and NVIDIA T4',
  );
});
