import { describe, expect, test } from 'vitest';

import type { GpuLoad } from '../../../../electron/contract/gpu.ts';
import { gpuFigures, gpuOfRun, spillWarning } from '../../../../renderer/features/runs/gpu-figures.ts';

const load = (change: Partial<GpuLoad> = {}): GpuLoad => ({
  ...{ name: 'RTX 4090', busId: '01', memoryMib: 24_576, freeMib: 10_240, utilization: 97, temperature: 71 },
  ...change,
});

describe('the GPU of a run', () => {
  test('is the one chosen, else the one with most memory in use', () => {
    const [idle, busy] = [load({ busId: '01', freeMib: 24_000 }), load({ busId: '02' })];
    expect(gpuOfRun([idle, busy], null)).toBe(busy);
    expect(gpuOfRun([idle, busy], '01')).toBe(idle);
    expect(gpuOfRun([idle, busy], '07')).toBe(busy);
    expect(gpuOfRun([], null)).toBeNull();
  });

  test('is told of by what its driver says', () => {
    expect(gpuFigures(load())).toEqual([
      { name: 'GPU busy', value: '97 %' },
      { name: 'GPU memory', value: '14 GB of 24 GB' },
      { name: 'GPU temperature', value: '71 °C' },
    ]);
    expect(gpuFigures(load({ utilization: null, temperature: null }))).toHaveLength(1);
  });

  test('is called full where its run is many times slower than planned, and only there', () => {
    const full = load({ freeMib: 200 });
    expect(spillWarning(full, 1, 8)).toContain('8 times slower than planned');
    expect(spillWarning(full, 4, 8)).toBeNull();
    expect(spillWarning(load(), 1, 8)).toBeNull();
    expect(spillWarning(full, null, 8)).toBeNull();
    expect(spillWarning(full, 1, null)).toBeNull();
  });
});
