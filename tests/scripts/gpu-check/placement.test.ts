import { describe, expect, test } from 'vitest';

import { countCrossings } from '../../../scripts/gpu-check/crossings.ts';
import { placementOf } from '../../../scripts/gpu-check/profile.ts';
import { recordingRuntime } from '../../runtime/recording-runtime.ts';

const node = (name: string, op: string, provider: string) => ({
  cat: 'Node',
  name,
  args: { op_name: op, provider },
});

test("a profile's nodes are counted by provider, and copies between host and device by themselves", () => {
  const events = [
    { cat: 'Session', name: 'model_run' },
    node('Conv_0_kernel_time', 'Conv', 'CUDAExecutionProvider'),
    node('Conv_1_kernel_time', 'Conv', 'CUDAExecutionProvider'),
    node('Memcpy_token_1_kernel_time', 'MemcpyToHost', 'CUDAExecutionProvider'),
    node('Where_0_kernel_time', 'Where', 'CPUExecutionProvider'),
    node('Memcpy_token_2_kernel_time', 'MemcpyFromHost', 'CUDAExecutionProvider'),
    node('Conv_0_fence_before', 'Conv', 'CUDAExecutionProvider'),
  ];
  expect(placementOf(events)).toEqual({
    nodes: { CUDAExecutionProvider: 2, CPUExecutionProvider: 1 },
    onCpu: { Where: 1 },
    copies: 2,
  });
});

describe('what crosses between host and device', () => {
  test('is counted anew each time it is asked', async () => {
    const { runtime, taken } = countCrossings(recordingRuntime().runtime);
    const tensor = runtime.tensor('float32', [3]);
    tensor.write(new Float32Array(3));
    await tensor.read(new Float32Array(3));
    tensor.write(new Float32Array(3));
    expect(taken()).toEqual({ writes: 2, reads: 1, bytes: 36 });
    expect(taken()).toEqual({ writes: 0, reads: 0, bytes: 0 });
  });
});
