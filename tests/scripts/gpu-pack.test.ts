import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { parseManifest } from '../../native/runtime/gpu-pack.ts';
import { collectPack } from '../../scripts/gpu-pack/collect.ts';
import { packPlatforms } from '../../scripts/gpu-pack/platforms.ts';
import type { Wheel } from '../../scripts/gpu-pack/wheel.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { standInWheel } from './stand-in-wheel.ts';

const cudnn = ['graph', 'ops', 'cnn', 'adv', 'ext', 'heuristic', 'engines_precompiled'];
const lazy = ['engines_runtime_compiled', 'engines_tensor_ir'];

const wheels = {
  'linux-x64': {
    'onnxruntime-gpu': [
      ...[
        'libonnxruntime.so.1.30.0',
        'libonnxruntime_providers_shared.so',
        'libonnxruntime_providers_cuda.so',
      ],
      'libonnxruntime_providers_tensorrt.so',
    ],
    'nvidia-cuda-runtime': ['libcudart.so.13'],
    'nvidia-cublas': ['libcublas.so.13', 'libcublasLt.so.13', 'libnvblas.so.13'],
    'nvidia-cuda-nvrtc': ['libnvrtc.so.13', 'libnvrtc-builtins.so.13.5'],
    'nvidia-curand': ['libcurand.so.10'],
    'nvidia-cudnn-cu13': ['libcudnn.so.9', ...[...cudnn, ...lazy].map((part) => `libcudnn_${part}.so.9`)],
  },
  'win32-x64': {
    'onnxruntime-gpu': [
      'onnxruntime.dll',
      'onnxruntime_providers_shared.dll',
      'onnxruntime_providers_cuda.dll',
    ],
    'nvidia-cuda-runtime': ['cudart64_13.dll'],
    'nvidia-cublas': ['cublas64_13.dll', 'cublasLt64_13.dll', 'nvblas64_13.dll'],
    'nvidia-cuda-nvrtc': ['nvrtc64_130_0.dll', 'nvrtc-builtins64_135.dll'],
    'nvidia-curand': ['curand64_10.dll'],
    'nvidia-cudnn-cu13': ['cudnn64_9.dll', ...[...cudnn, ...lazy].map((part) => `cudnn_${part}64_9.dll`)],
  },
} as const;

async function collected(name: keyof typeof wheels, left: string | null = null) {
  const folder = temporaryFolder();
  const opened: Wheel[] = [];
  for (const [part, files] of Object.entries<readonly string[]>(wheels[name])) {
    const kept = files.filter((file) => file !== left).map((file) => `some/lib/${file}`);
    opened.push(await standInWheel(folder, part, '1.30.0', kept));
  }
  const out = join(folder, 'files');
  mkdirSync(out);
  const [first, ...rest] = opened;
  try {
    return { out, manifest: await collectPack(out, packPlatforms[name], [first!, ...rest]) };
  } finally {
    for (const one of opened) one.close();
  }
}

describe('a GPU pack', () => {
  test('of Linux holds what CUDA needs, to be opened in the order in which they need each other', async () => {
    const { manifest, out } = await collected('linux-x64');
    expect(parseManifest(JSON.stringify(manifest))).toEqual(manifest);
    expect(manifest).toMatchObject({ platform: 'linux', core: 'libonnxruntime.so.1', onnxRuntime: '1.30.0' });
    const at = (name: string) => manifest.load.indexOf(name);
    expect(at('libcublasLt.so.13')).toBeLessThan(at('libcublas.so.13'));
    expect(at('libcudnn_graph.so.9')).toBeLessThan(at('libcudnn_ops.so.9'));
    expect(manifest.load.at(-1)).toBe('libcudnn.so.9');
    const paths = manifest.files.map(({ path }) => path);
    // They want the driver's library: cuDNN opens them itself.
    expect(paths).toContain('libcudnn_engines_tensor_ir.so.9');
    expect(manifest.load).not.toContain('libcudnn_engines_tensor_ir.so.9');
    for (const name of ['libnvblas.so.13', 'libonnxruntime_providers_tensorrt.so'])
      expect(paths).not.toContain(name);
    // ONNX Runtime opens its provider itself, from beside it.
    expect(manifest.load.some((name) => name.includes('onnxruntime'))).toBe(false);
    expect(readFileSync(join(out, 'libonnxruntime.so.1'), 'utf8')).toContain('libonnxruntime.so.1.30.0');
  });

  test('of Windows likewise, with every part of cuDNN opened beforehand', async () => {
    const { manifest } = await collected('win32-x64');
    expect(manifest).toMatchObject({ platform: 'win32', core: 'onnxruntime.dll' });
    expect(manifest.load[0]).toBe('cudart64_13.dll');
    expect(manifest.load).toContain('cudnn_engines_tensor_ir64_9.dll');
    expect(manifest.load.at(-1)).toBe('cudnn64_9.dll');
  });

  test('brings the licences of all its parts', async () => {
    const { manifest, out } = await collected('linux-x64');
    const text = readFileSync(join(out, 'LICENCES.txt'), 'utf8');
    for (const { name } of manifest.parts) expect(text).toContain(`the licence of ${name}`);
    expect(manifest.parts.length).toBe(6);
  });

  test('is not made where a library is missing', async () => {
    await expect(collected('linux-x64', 'libcurand.so.10')).rejects.toThrow('no file like');
  });
});
