import { describe, expect, test } from 'vitest';

import { chooseGpu, countByPlace, cudaOrder, gpuLabel } from '../../native/runtime/cuda-gpus.ts';
import type { NvidiaGpu } from '../../native/runtime/nvidia-smi.ts';
import { failureOf } from '../runs/failure-of.ts';

const gpu = (name: string, bus: number, freeMib: number): NvidiaGpu => ({
  ...{ name, driver: '580.1', computeCapability: '8.9', memoryMib: 24_564, freeMib },
  ...{ utilization: 0, temperature: 41, busId: `00000000:0${bus}:00.0` },
});
const small = gpu('RTX 3060', 1, 2000);
const large = gpu('RTX 4090', 2, 23_000);
const other = gpu('RTX 4090', 3, 23_000);
const gpus = [small, large, other];

describe('of several GPUs', () => {
  test('the one with most free memory is used, the first of equals', () => {
    expect(chooseGpu(gpus)).toEqual({ gpu: large, number: 1 });
  });

  test('one that CUDA has no code for is used only where it is asked for, or there is no other', () => {
    const old = { ...large, name: 'GTX 1080 Ti', computeCapability: '6.1', freeMib: 50_000 };
    const isServed = ({ computeCapability }: NvidiaGpu) => computeCapability !== '6.1';
    expect(chooseGpu([old, small, large], undefined, isServed)).toEqual({ gpu: large, number: 2 });
    expect(chooseGpu([old, small], '0', isServed)).toEqual({ gpu: old, number: 0 });
    expect(chooseGpu([old], undefined, isServed)).toEqual({ gpu: old, number: 0 });
  });

  test('one is chosen by its place or its number', () => {
    expect(chooseGpu(gpus, '00000000:01:00.0')).toEqual({ gpu: small, number: 0 });
    expect(chooseGpu(gpus, '2')).toEqual({ gpu: other, number: 2 });
  });

  test('a place may be written as other tools write it', () => {
    const far = { ...large, busId: '00000000:C1:00.0' };
    for (const wanted of ['00000000:C1:00.0', '00000000:c1:00.0', '0000:c1:00.0', '0:C1:00.0'])
      expect(chooseGpu([small, far], wanted)).toEqual({ gpu: far, number: 1 });
    for (const wanted of ['0001:c1:00.0', 'c1:00.0', '', '-0', '1.0', '0:C1:00.0\n'])
      expect(() => chooseGpu([small, far], wanted)).toThrow('There is no GPU');
  });

  test('one that is not there is named, with those that are', async () => {
    const failure = await failureOf(Promise.resolve('7').then((wanted) => chooseGpu(gpus, wanted)));
    expect(failure.code).toBe('gpu-missing');
    expect(failure.message).toContain('no GPU 7');
    expect(failure.hint).toContain('0: RTX 3060, 1: RTX 4090, 2: RTX 4090');
  });

  test('the label tells them apart, and says no number where there is one', () => {
    expect(gpuLabel(chooseGpu(gpus), gpus)).toBe('RTX 4090 (GPU 1)');
    expect(gpuLabel(chooseGpu([large]), [large])).toBe('RTX 4090');
  });
});

describe('CUDA’s numbers', () => {
  test('are those of the driver’s tool, once it is told to count by place', () => {
    const environment: NodeJS.ProcessEnv = {};
    countByPlace(environment);
    expect(environment.CUDA_DEVICE_ORDER).toBe('PCI_BUS_ID');
    expect(cudaOrder(gpus, undefined)).toEqual(gpus);
  });

  test.each([
    ['1', [large]],
    ['2,0', [other, small]],
    ['', []],
    ['0,-1,2', [small]],
    ['9', []],
    ['GPU-8f1e', [small]],
  ])('follow CUDA_VISIBLE_DEVICES=%s', (visible, shown) => {
    expect(cudaOrder(gpus, visible)).toEqual(shown);
  });
});
