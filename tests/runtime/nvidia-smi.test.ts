import { describe, expect, test } from 'vitest';

import { parseGpus } from '../../native/runtime/nvidia-smi.ts';

describe("what NVIDIA's tool says", () => {
  test('is read a line a GPU', () => {
    const text =
      'NVIDIA H100 80GB HBM3, 580.159.04, 9.0, 81559, 81001, 3, 31, 00000000:04:00.0\n' +
      'NVIDIA GeForce GTX 1060, 580.159.04, [N/A], 6144, 5000, [N/A], [Not Supported], 00000000:05:00.0\n';
    expect(parseGpus(text)).toEqual([
      {
        name: 'NVIDIA H100 80GB HBM3',
        driver: '580.159.04',
        computeCapability: '9.0',
        memoryMib: 81559,
        freeMib: 81001,
        utilization: 3,
        temperature: 31,
        busId: '00000000:04:00.0',
      },
      {
        name: 'NVIDIA GeForce GTX 1060',
        driver: '580.159.04',
        computeCapability: null,
        memoryMib: 6144,
        freeMib: 5000,
        utilization: null,
        temperature: null,
        busId: '00000000:05:00.0',
      },
    ]);
  });

  test('is no GPU where the driver does not answer', () => {
    expect(parseGpus('No devices were found\n')).toEqual([]);
    expect(parseGpus('')).toEqual([]);
  });
});
