import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

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

describe("CUDA's stream for all sessions", () => {
  test.skipIf(!hasCompiler)(
    'is made on the GPU, in order with the one that has no name, and given back',
    () => {
      const folder = temporaryFolder();
      const [source, library] = [join(folder, 'cudart.c'), join(folder, 'libcudart.so.13')];
      writeFileSync(source, standIn);
      expect(spawnSync('cc', ['-shared', '-fPIC', '-o', library, source], { encoding: 'utf8' }).stderr).toBe(
        '',
      );

      const stream = openCudaStream(1, library);
      expect(stream.pointer).toBe(0x1230n);
      const wasDestroyed = koffi.load(library).func('int was_destroyed(void)') as () => number;
      expect(wasDestroyed()).toBe(0);
      stream.close();
      expect(wasDestroyed()).toBe(1);
      expect(() => openCudaStream(0, library)).toThrow('cudaSetDevice failed with error 101');
    },
  );

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
