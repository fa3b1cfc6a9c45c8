import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { bringVisualCRuntime, visualCRuntime } from '../../scripts/visual-c-runtime.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { standInWheel } from './stand-in-wheel.ts';

const scripts = 'msvc_runtime-14.51.data/data/Scripts';

async function standIn(
  files: readonly string[],
): Promise<{ readonly wheels: string; readonly program: string }> {
  const folder = temporaryFolder();
  const [wheels, program] = [join(folder, 'wheels'), join(folder, 'program')];
  for (const made of [wheels, program]) mkdirSync(made);
  const wheel = await standInWheel(wheels, 'msvc-runtime', '14.51', files);
  wheel.close();
  return { wheels, program };
}

describe('the Visual C++ runtime', () => {
  test('is all that ONNX Runtime for Windows is linked with and Windows lacks', () => {
    const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
    const folder = join(root, 'bin', 'napi-v6', 'win32', 'x64');
    const named = ['onnxruntime.dll', 'onnxruntime_binding.node'].flatMap((file) =>
      [...readFileSync(join(folder, file), 'latin1').matchAll(/\b(?:msvcp|vcruntime)140\w*\.dll/gi)].map(
        ([name]) => name.toLowerCase(),
      ),
    );
    expect([...new Set(named)].sort()).toEqual([...visualCRuntime].sort());
  });

  test('lies beside the program, every file once though the package has some twice', async () => {
    const twice = ['msvc_runtime-14.51.data/data/msvcp140.dll', 'msvc_runtime-14.51.data/data/vcomp140.dll'];
    const { wheels, program } = await standIn([
      ...twice,
      ...visualCRuntime.map((name) => `${scripts}/${name}`),
    ]);
    await bringVisualCRuntime(program, 'x64', wheels);
    expect(readdirSync(program).sort()).toEqual([...visualCRuntime].sort());
    expect(readFileSync(join(program, 'vcruntime140_1.dll'), 'utf8')).toContain('vcruntime140_1.dll');
  });

  test('is not left out in part', async () => {
    const { wheels, program } = await standIn([`${scripts}/msvcp140.dll`]);
    await expect(bringVisualCRuntime(program, 'x64', wheels)).rejects.toThrow('has no msvcp140_1.dll');
    await expect(bringVisualCRuntime(program, 'ia32', wheels)).rejects.toThrow('for ia32');
  });
});
