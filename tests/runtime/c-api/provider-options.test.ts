import { describe, expect, test } from 'vitest';

import type { Ort } from '../../../native/runtime/c-api/library.ts';
import { sessionOptions } from '../../../native/runtime/c-api/session-options.ts';
import type { DeviceTuning, SessionOptions } from '../../../native/runtime/runtime.ts';

/** What a session on CUDA is asked for, by an ONNX Runtime that only takes note. */
function cudaOptions(
  tuning: DeviceTuning,
  options: SessionOptions = {},
  stream: { readonly stream?: bigint } = {},
): Record<string, string> {
  let asked: Record<string, string> = {};
  const noted = {
    call: (name: string, ...args: unknown[]) => {
      if (name !== 'UpdateCUDAProviderOptions') return;
      const [, keys, values] = args as [unknown, string[], string[]];
      asked = Object.fromEntries(keys.map((key, i) => [key, values[i]!]));
    },
    get: () => 1n,
    create: () => 1n,
    release: () => undefined,
  } as unknown as Ort;
  sessionOptions(noted, 1n, { provider: 'cuda', threads: 1, tuning, gpu: 1, ...stream }, options);
  return asked;
}

describe('a session on DirectML', () => {
  test('takes the fastest adapter, and neither fuses nodes nor rounds tensors up', () => {
    const noted: unknown[][] = [];
    const ort = {
      call: (...call: unknown[]) => noted.push(call),
      get: () => 1n,
      create: () => 1n,
      release: () => undefined,
    } as unknown as Ort;
    sessionOptions(ort, 1n, { provider: 'directml', threads: 1 }, {});
    expect(noted).toContainEqual(['DisableMemPattern', 1n]);
    for (const key of ['ep.dml.disable_graph_fusion', 'ep.dml.disable_memory_arena'])
      expect(noted).toContainEqual(['AddSessionConfigEntry', 1n, key, '1']);
    const appended = noted.find(([name]) => name === 'SessionOptionsAppendExecutionProvider');
    expect(appended?.slice(2)).toEqual(['DML', ['performance_preference'], ['high_performance'], 1]);
  });
});

describe('a session on CUDA', () => {
  test('does not shorten numbers, searches convolutions the same way each time, and grows by what it needs', () => {
    expect(cudaOptions({})).toEqual({
      device_id: '1',
      use_tf32: '0',
      cudnn_conv_algo_search: 'HEURISTIC',
      arena_extend_strategy: 'kSameAsRequested',
    });
  });

  test('shortens numbers and searches in another way where that was chosen', () => {
    expect(cudaOptions({ tf32: true }).use_tf32).toBe('1');
    expect(cudaOptions({ convSearch: 'exhaustive' }).cudnn_conv_algo_search).toBe('EXHAUSTIVE');
  });

  test('is captured where it asks for it and CUDA graphs were chosen', () => {
    expect(cudaOptions({ cudaGraphs: true }, { capture: true }).enable_cuda_graph).toBe('1');
    expect(cudaOptions({ cudaGraphs: true })).not.toHaveProperty('enable_cuda_graph');
    expect(cudaOptions({}, { capture: true })).not.toHaveProperty('enable_cuda_graph');
  });

  test('puts its work on the stream it is given, told by its address', () => {
    expect(cudaOptions({}, {}, { stream: 0x7f00_0000_1230n })).toMatchObject({
      has_user_compute_stream: '1',
      user_compute_stream: '139637976732208',
    });
  });
});

describe('memory', () => {
  test.each([
    ['cpu', {}, {}, false],
    ['cpu', { byTurns: true }, {}, true],
    ['cpu', { tensorByTensor: true }, {}, true],
    ['cuda', { tensorByTensor: true }, {}, true],
    ['cuda', { tensorByTensor: true }, { memoryPattern: true }, false],
    ['webgpu', { tensorByTensor: true }, {}, false],
  ] as const)('on %s with %j and %j is taken tensor by tensor: %s', (provider, options, tuning, isSo) => {
    const calls: string[] = [];
    const ort = {
      call: (name: string) => calls.push(name),
      get: () => 1n,
      create: () => 1n,
      release: () => undefined,
    } as unknown as Ort;
    sessionOptions(ort, 1n, { provider, threads: 1, tuning }, options);
    expect(calls.includes('DisableMemPattern')).toBe(isSo);
  });
});
