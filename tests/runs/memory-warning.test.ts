import { expect, test } from 'vitest';

import { memoryWarning } from '../../electron/runs/plan-request.ts';

const gib = 2 ** 30;
const planned = { available: 12 * gib, free: null, ways: [{ savings: ['LoRA'], bytes: 5 * gib }] } as const;

test('a step too large for the machine is told before it is started, with or without a choice of device', () => {
  for (const provider of [null, 'cpu'] as const) {
    expect(memoryWarning(provider, 8 * gib, planned)).toEqual([]);
    expect(memoryWarning(provider, 16 * gib, planned)).toEqual([
      expect.stringContaining('It would fit with the method LoRA') as string,
    ]);
  }
});

test('where nothing is known of the memory, nothing is said', () => {
  expect(memoryWarning(null, 1e15, null)).toEqual([]);
  expect(memoryWarning('webgpu', 1e15, { ...planned, available: null })).toEqual([]);
});

test('a GPU that others use is told of', () => {
  expect(memoryWarning('cuda', 8 * gib, { ...planned, free: 4 * gib })).toEqual([
    expect.stringContaining('Other programs use') as string,
  ]);
});
