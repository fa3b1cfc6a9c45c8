import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { Failure } from '../../../native/failure.ts';
import { openCudaStream } from '../../../native/runtime/c-api/cuda-stream.ts';
import { loadOrt } from '../../../native/runtime/c-api/library.ts';
import { createCApiRuntime } from '../../../native/runtime/c-api/runtime.ts';
import { koffi } from '../../../native/runtime/foreign-functions.ts';
import { detectProviders } from '../../../native/runtime/providers.ts';
import { temporaryFolder } from '../../runs/temporary-folder.ts';
import { followSteps, stepVariants } from '../../training/followed-steps.ts';

const hasCompiler = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;
const webgpu = (await detectProviders()).find(({ provider }) => provider === 'webgpu');

/** CUDA's runtime as far as a stream needs it: GPU 1 alone is there. */
const standIn = `
static int destroyed;
int cudaSetDevice(int gpu) { return gpu == 1 ? 0 : 101; }
int cudaStreamCreateWithFlags(void **stream, unsigned flags) {
  *stream = (void *)(0x1230ull + flags);
  return 0;
}
int cudaStreamDestroy(void *stream) {
  destroyed = stream == (void *)0x1230ull;
  return destroyed ? 0 : 400;
}
int was_destroyed(void) { return destroyed; }
`;

/** @param more for the compiler: what the loader knows it by */
function compiled(source: string, ...more: readonly string[]): string {
  const folder = temporaryFolder();
  const [file, library] = [join(folder, 'cudart.c'), join(folder, 'libcudart.so.13')];
  writeFileSync(file, source);
  const args = ['-shared', '-fPIC', ...more, '-o', library, file];
  expect(spawnSync('cc', args, { encoding: 'utf8' }).stderr).toBe('');
  return library;
}

describe.skipIf(!hasCompiler)("CUDA's stream for all sessions", () => {
  test('is made on the GPU, in order with the one that has no name, and given back', () => {
    const library = compiled(standIn);
    const stream = openCudaStream(1, library);
    expect(stream.pointer).toBe(0x1230n);
    const wasDestroyed = koffi.load(library).func('int was_destroyed(void)') as () => number;
    expect(wasDestroyed()).toBe(0);
    stream.close();
    expect(wasDestroyed()).toBe(1);
    expect(() => openCudaStream(0, library)).toThrow('cudaSetDevice failed with error 101');
  });

  test.each(['cudaSetDevice', 'cudaStreamCreateWithFlags', 'cudaStreamDestroy'])(
    'is not begun with a library that has no %s',
    (name) => {
      const library = compiled(standIn.replaceAll(name, 'other'));
      const refused = () => openCudaStream(1, library);
      expect(refused).toThrow(`CUDA gives no stream for all sessions: ${library} has no ${name}.`);
      expect(refused).toThrow(Failure);
    },
  );

  test('keeps an address of 64 bits to the last', () => {
    const address = '0xfffffffffffffff0ull';
    const stream = openCudaStream(1, compiled(standIn.replaceAll('0x1230ull', address)));
    expect(String(stream.pointer)).toBe('18446744073709551600');
    stream.close();
  });

  test('that cannot be given back hides no reason why there is no runtime, and leaves nothing', async () => {
    const broken = standIn.replace('return destroyed ? 0 : 400;', 'return 700;');
    const held = koffi.load(compiled(broken, '-Wl,-soname,libcudart.so.13'));
    const before = loadOrt().liveObjects();
    const opened = createCApiRuntime({
      ...{ provider: 'cuda', threads: 1, description: '', gpu: 1, tuning: { oneStream: true } },
    } as const);
    await expect(opened).rejects.toThrow(/^CUDA does not start: /);
    expect(loadOrt().liveObjects()).toBe(before);
    expect(held).toBeDefined();
  });
});

describe('no stream for all sessions', () => {
  test('is refused where there is no CUDA, with what is missing', () => {
    expect(() => openCudaStream(0, 'libcudart-of-nobody.so')).toThrow(
      'CUDA gives no stream for all sessions: libcudart-of-nobody.so cannot be opened.',
    );
  });
});

/** A training whose host waits only where it reads, and one whose host waits after every run. */
async function bothWays(provider: 'cpu' | 'webgpu') {
  const variant = stepVariants.find(({ name }) => name === 'plain')!;
  const follow = async (oneStream: boolean) => {
    const runtime = await createCApiRuntime({ provider, threads: 1, description: '', tuning: { oneStream } });
    const way = { onePass: true, matrixConv: runtime.prefersMatrixConv };
    const { losses, norms, trainer } = await followSteps(runtime, variant, 3, way);
    await trainer.dispose();
    await runtime.dispose();
    return { losses, norms };
  };
  return { waiting: await follow(false), ahead: await follow(true) };
}

describe('a training whose host waits only where it reads', () => {
  test('has the same losses, to the bit', async () => {
    const { waiting, ahead } = await bothWays('cpu');
    expect(ahead).toEqual(waiting);
  });

  test("has the same losses in a device's memory", async (context) => {
    if (!webgpu?.available) return context.skip(webgpu?.reason ?? 'there is no WebGPU');
    const { waiting, ahead } = await bothWays('webgpu');
    expect(ahead).toEqual(waiting);
  }, 240_000);

  test('gives back what it asked for runs with', async () => {
    const before = loadOrt().liveObjects();
    const runtime = await createCApiRuntime({
      provider: 'cpu',
      threads: 1,
      description: '',
      tuning: { oneStream: true },
    });
    await runtime.dispose();
    expect(loadOrt().liveObjects()).toBe(before);
  });
});
