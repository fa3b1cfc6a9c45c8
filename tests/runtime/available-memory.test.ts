import { expect, test } from 'vitest';

import { availableMemory } from '../../native/runtime/available-memory.ts';
import type { NvidiaGpu } from '../../native/runtime/nvidia-smi.ts';

const gpu = (busId: string, freeMib: number): NvidiaGpu => ({
  ...{ name: 'NVIDIA GeForce RTX 4090', driver: '580.10', computeCapability: '8.9', memoryMib: 24564 },
  ...{ freeMib, utilization: 0, temperature: 40, busId },
});
const gpus = [gpu('00000000:01:00.0', 3000), gpu('00000000:02:00.0', 20_000)];
const list = () => Promise.resolve(gpus);
const mib = 2 ** 20;

test('what may still be taken is that of main memory, or of the GPU that is computed on', async () => {
  const main = (await availableMemory({ provider: 'cpu' }, undefined, list))!;
  expect(Math.abs(main / process.availableMemory() - 1)).toBeLessThan(0.2);
  expect(await availableMemory({ provider: 'cuda' }, undefined, list)).toBe(20_000 * mib);
  expect(await availableMemory({ provider: 'cuda' }, '00000000:01:00.0', list)).toBe(3000 * mib);
});

test('where nothing says, it is not known', async () => {
  expect(await availableMemory({ provider: 'webgpu' }, undefined, list)).toBeNull();
  expect(await availableMemory({ provider: 'cuda' }, undefined, () => Promise.resolve([]))).toBeNull();
  const silent = () => Promise.resolve([gpu('00000000:01:00.0', NaN)]);
  expect(await availableMemory({ provider: 'cuda' }, undefined, silent)).toBeNull();
});

test('of a GPU that says nothing of its memory it is not known either', async () => {
  const silent = [{ ...gpu('00000000:01:00.0', 0), memoryMib: 0 }];
  expect(await availableMemory({ provider: 'cuda' }, undefined, () => Promise.resolve(silent))).toBeNull();
});
