import { existsSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import type { Engine } from '../../electron/engine/engine.ts';
import type { DoctorResult } from '../../native/jobs.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { screenfold } from './typed.ts';

/** An engine that has found this. */
const finding = (result: Partial<DoctorResult>): Engine => ({
  run: () =>
    Promise.resolve({
      kind: 'doctor',
      onnxRuntime: '1.30.0',
      gpus: [],
      devices: [],
      trainsOn: null,
      ...result,
    } as never),
});

const gpu = {
  name: 'NVIDIA GeForce RTX 4090',
  driver: '580.159.04',
  computeCapability: '8.9',
  memoryMib: 24_564,
  freeMib: 23_000,
  utilization: 0,
  temperature: 41,
  busId: '00000000:01:00.0',
};
const cuda = { provider: 'cuda', available: true, reason: gpu.name, rate: 41_234.5, problem: null } as const;
const cpu = {
  provider: 'cpu',
  available: true,
  reason: 'Always there; 8 cores.',
  rate: 8.34,
  problem: null,
} as const;

describe('screenfold doctor', () => {
  test('looks this machine over, and computes on what it finds', async () => {
    const folder = temporaryFolder();
    const { code, out, error } = await screenfold(folder, ['doctor', '--json']);
    expect([code, error]).toEqual([0, '']);
    const found = JSON.parse(out) as DoctorResult & Record<string, unknown>;
    expect(found).toMatchObject({
      kind: 'doctor',
      onnxRuntime: expect.stringMatching(/^\d+\.\d+/) as string,
    });
    expect(found.freeDiskBytes).toBeGreaterThan(0);
    expect(existsSync(found.library as string)).toBe(false);
    expect(found.devices.map(({ provider }) => provider).sort()).toEqual([
      'cpu',
      'cuda',
      'directml',
      'webgpu',
    ]);
    const processor = found.devices.find(({ provider }) => provider === 'cpu')!;
    expect(processor).toMatchObject({ available: true, problem: null });
    expect(processor.rate).toBeGreaterThan(0.1);
    // They are told best first.
    expect(found.devices.find(({ rate }) => rate !== null)?.provider).toBe(found.trainsOn);
    for (const { available, rate, reason } of found.devices) {
      if (!available) expect(rate).toBeNull();
      expect(reason).toMatch(/\w{3}/);
    }
    expect(found.trainsOn).not.toBeNull();
  });

  test('says in plain words what there is, and what Screenfold trains on', async () => {
    const engine = finding({ gpus: [gpu], devices: [cuda, cpu], trainsOn: 'cuda' });
    const { code, out } = await screenfold(temporaryFolder(), ['doctor'], engine);
    expect(code).toBe(0);
    expect(out).toMatch(/^Screenfold \d+\.\d+\.\d+ on \w+ \w+, Node \d+/);
    expect(out).toMatch(/\nMemory +[\d.]+ GB, [\d.]+ [GM]B free\n/);
    expect(out).toMatch(/\nLibrary +.*: [\d.]+ [GMT]B free\n/);
    expect(out).toContain('GPU        NVIDIA GeForce RTX 4090, driver 580.159.04, 24 GB, 22 GB free, 41 °C');
    expect(out).toContain('✓ CUDA      NVIDIA GeForce RTX 4090');
    expect(out).toContain('It multiplies matrices with 41,235 billion operations a second.');
    expect(out).toContain('It multiplies matrices with 8.3 billion operations a second.');
    expect(out.trimEnd().split('\n').at(-1)).toBe('Screenfold trains here, on CUDA.');
  });

  test('ends with 1 where nothing computes, and says why', async () => {
    const broken = { ...cuda, rate: null, problem: 'cuDNN is missing' };
    const absent = {
      provider: 'webgpu',
      available: false,
      reason: 'Vulkan finds no graphics card.',
    } as const;
    const engine = finding({
      onnxRuntime: null,
      devices: [broken, { ...absent, rate: null, problem: null }],
    });
    const { code, out } = await screenfold(temporaryFolder(), ['doctor'], engine);
    expect(code).toBe(1);
    expect(out).toContain('– CUDA      It is there but does not work: cuDNN is missing');
    expect(out).toContain('– WebGPU    Vulkan finds no graphics card.');
    expect(out).toContain('ONNX Runtime does not load.');
    expect(out).toContain('Screenfold cannot train on this machine: nothing listed above can compute.');
  });
});
