import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { fetchWheels } from './gpu-pack/fetch-wheels.ts';
import { openWheel, type Wheel } from './gpu-pack/wheel.ts';

/**
 * What ONNX Runtime's libraries for Windows are linked with, and Windows itself does not have. Microsoft lets the files be passed
 * on with a program, unchanged.
 */
export const visualCRuntime: readonly string[] = [
  'msvcp140.dll',
  'msvcp140_1.dll',
  'msvcp140_atomic_wait.dll',
  'vcruntime140.dll',
  'vcruntime140_1.dll',
];

/** The package of PyPI that has them. */
const packageName = 'msvc-runtime';
const pipPlatforms: Readonly<Record<string, string>> = { x64: 'win_amd64', arm64: 'win_arm64' };

/**
 * Lays Microsoft's Visual C++ runtime beside a program for Windows, where its loader looks first whoever asks. Fetched by Python's
 * pip; `wheels` is a folder that holds the package already.
 */
export async function bringVisualCRuntime(program: string, arch: string, wheels?: string): Promise<void> {
  const platform = pipPlatforms[arch];
  if (platform === undefined) throw new Error(`There is no Visual C++ runtime for ${arch}.`);
  const work = await mkdtemp(join(tmpdir(), 'visual-c-runtime-'));
  try {
    if (wheels === undefined) fetchWheels([packageName], [platform], work);
    const folder = wheels ?? work;
    const file = (await readdir(folder)).find((name) => name.startsWith('msvc_runtime-'));
    if (file === undefined) throw new Error(`${packageName} is not in ${folder}.`);
    const wheel = await openWheel(join(folder, file));
    try {
      await layVisualCRuntime(program, wheel);
    } finally {
      wheel.close();
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The package has some files twice, each the same. */
export async function layVisualCRuntime(folder: string, wheel: Wheel): Promise<void> {
  for (const name of visualCRuntime) {
    const path = wheel.files.find((one) => basename(one).toLowerCase() === name);
    if (path === undefined) throw new Error(`${wheel.name} ${wheel.version} has no ${name}.`);
    await wheel.extract(path, join(folder, name));
  }
}
