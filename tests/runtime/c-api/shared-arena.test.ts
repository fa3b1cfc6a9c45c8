import { expect, test } from 'vitest';

import { loadOrt, type Ort, OrtError } from '../../../native/runtime/c-api/library.ts';
import { registerSharedArena } from '../../../native/runtime/c-api/shared-arena.ts';

/** An ONNX Runtime that notes what is asked of it. */
function recordingOrt(refuses: string | null = null) {
  const calls: (readonly unknown[])[] = [];
  const note = (name: string, ...args: readonly unknown[]): bigint => {
    calls.push([name, ...args]);
    if (name === refuses) throw new OrtError(1, `${name} refused`);
    return BigInt(calls.length);
  };
  const ort = {
    env: 7n,
    call: note,
    create: (_kind: string, name: string, ...args: readonly unknown[]) => note(name, ...args),
    release: (kind: string) => void note(`Release${kind}`),
  } as unknown as Ort;
  const count = (name: string) => calls.filter(([called]) => called === name).length;
  return { ort, calls, count };
}

test('sessions of a GPU share one arena of its memory, registered once for each GPU', () => {
  const { ort, calls, count } = recordingOrt();
  for (const gpu of [1, 1, 0, undefined]) registerSharedArena(ort, { provider: 'cuda', gpu });
  expect(count('CreateAndRegisterAllocator')).toBe(1);
  expect(calls.filter(([name]) => name === 'CreateMemoryInfo')).toEqual([
    ['CreateMemoryInfo', 'Cuda', 1, 1, 0],
    ['CreateMemoryInfo', 'Cuda', 1, 0, 0],
  ]);
  expect(calls.find(([name]) => name === 'CreateAndRegisterAllocatorV2')?.slice(1, 3)).toEqual([
    7n,
    'CUDAExecutionProvider',
  ]);
  expect(count('CreateAndRegisterAllocatorV2')).toBe(2);
  expect([count('ReleaseMemoryInfo'), count('ReleaseArenaCfg')]).toEqual([3, 3]);
});

test('elsewhere main memory alone has one', () => {
  const { ort, count } = recordingOrt();
  registerSharedArena(ort, { provider: 'cpu' });
  registerSharedArena(ort, { provider: 'webgpu' });
  expect([count('CreateAndRegisterAllocator'), count('CreateAndRegisterAllocatorV2')]).toEqual([1, 0]);
});

test('a GPU whose memory cannot be shared is used all the same, and not asked again', () => {
  const { ort, count } = recordingOrt('CreateAndRegisterAllocatorV2');
  registerSharedArena(ort, { provider: 'cuda' });
  registerSharedArena(ort, { provider: 'cuda' });
  expect(count('CreateAndRegisterAllocatorV2')).toBe(1);
  expect([count('ReleaseMemoryInfo'), count('ReleaseArenaCfg')]).toEqual([2, 2]);
});

test('the library itself is called as it wants to be', () => {
  const ort = loadOrt();
  const memory = ort.create('MemoryInfo', 'CreateMemoryInfo', 'Cuda', 1, 0, 0);
  const values = BigUint64Array.of(1n);
  const config = ort.create('ArenaCfg', 'CreateArenaCfgV2', ['arena_extend_strategy'], values, 1);
  const register = () => {
    ort.call('CreateAndRegisterAllocatorV2', ort.env, 'OtherProvider', memory, config, [], [], 0);
  };
  // It says back what it was told, so both stand at the right place in its table of functions.
  expect(register).toThrow(/OtherProvider is not implemented in CreateAndRegisterAllocatorV2/);
  ort.release('ArenaCfg', config);
  ort.release('MemoryInfo', memory);
});
