import { expect, test } from 'vitest';

import { mainMemory } from '../../native/runtime/main-memory.ts';

const gib = 2 ** 30;

test('a container has the memory that it is limited to, not that of the machine it runs on', () => {
  expect(mainMemory(24 * gib, 8 * gib)).toBe(8 * gib);
});

test('without a limit, however a system says so, there is the memory of the machine', () => {
  for (const none of [0, 2 ** 63, 2 ** 64]) expect(mainMemory(24 * gib, none)).toBe(24 * gib);
});
