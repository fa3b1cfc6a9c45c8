import { describe, expect, test } from 'vitest';

import { isServed, missingGpu } from '../../electron/runs/memory.ts';
import { card, manifestOver, smallContents } from '../gpu/stand-in-pack.ts';

test('a GPU that is named for another device than CUDA is in nobody’s way', async () => {
  expect(await missingGpu({ provider: 'cpu', gpu: '3' })).toBeNull();
  expect(await missingGpu({ provider: 'webgpu', gpu: '3' })).toBeNull();
  expect(await missingGpu({ provider: 'cuda', gpu: '99' })).toMatch(/There is no/);
});

describe('a plan is made for CUDA', () => {
  const manifest = manifestOver(smallContents);
  const old = { ...card, computeCapability: '6.1', freeMib: card.freeMib + 1, busId: '00000000:02:00.0' };

  test('where a card is there that the pack serves', () => {
    expect(isServed([card], undefined, manifest)).toBe(true);
    expect(isServed([], undefined, manifest)).toBe(false);
  });

  test('and not for a card that the pack has no code for, unless a run would choose another', () => {
    expect(isServed([old], undefined, manifest)).toBe(false);
    expect(isServed([old, card], undefined, manifest)).toBe(true);
    expect(isServed([old, card], old.busId, manifest)).toBe(false);
    expect(isServed([old, card], '1', manifest)).toBe(true);
  });

  test('and not by a driver that is too old for the pack', () => {
    expect(isServed([{ ...card, driver: '550.1' }], undefined, manifest)).toBe(false);
  });

  test('and not for a GPU that is not there', () => {
    expect(isServed([card], '7', manifest)).toBe(false);
  });
});
