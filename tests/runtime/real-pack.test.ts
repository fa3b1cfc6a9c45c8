import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { findPack, type FoundPack } from '../../native/runtime/gpu-pack.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

const packs = process.env.SCREENFOLD_TEST_GPU_PACKS ?? '';
const script = fileURLToPath(new URL('choose-here.ts', import.meta.url));

function whyNot(): string | null {
  if (process.platform !== 'linux') return 'the stand-in for the driver is for Linux';
  if (packs === '') return 'SCREENFOLD_TEST_GPU_PACKS names no folder with an unpacked GPU pack';
  if (findPack(packs)?.fault !== null) return `there is no whole GPU pack for this version in ${packs}`;
  return spawnSync('cc', ['--version']).status === 0 ? null : 'there is no C compiler';
}

/** A driver that finds no device: of all functions that the provider asks of it by name, and that CUDA asks of it by itself. */
function driverWithoutDevices(folder: string, { folder: pack }: FoundPack): void {
  const provider = join(pack, 'libonnxruntime_providers_cuda.so');
  const wanted = execFileSync('nm', ['-D', '--undefined-only', provider], { encoding: 'utf8' });
  const own = ['cuDriverGetVersion', 'cuGetProcAddress_v2'];
  const others = [...wanted.matchAll(/ U (cu[A-Z]\w*)/g)].map(([, name]) => name!);
  const names = [...new Set(['cuInit', ...others])].filter((name) => !own.includes(name));
  const source = join(folder, 'cuda.c');
  writeFileSync(
    source,
    `#include <string.h>
     static int noDevice(void) { return 100; }
     int cuDriverGetVersion(int *version) { *version = 13000; return 0; }
     int cuGetProcAddress_v2(const char *name, void **function, int version, unsigned long flags, int *status) {
       if (status) *status = 0;
       *function = !strcmp(name, "cuDriverGetVersion") ? (void *)cuDriverGetVersion
         : !strncmp(name, "cuGetProcAddress", 16) ? (void *)cuGetProcAddress_v2 : (void *)noDevice;
       return 0;
     }
     ${names.map((name) => `int ${name}(void) { return 100; }`).join('\n')}`,
  );
  const library = join(folder, 'libcuda.so.1');
  execFileSync('cc', ['-shared', '-fPIC', '-Wl,-soname,libcuda.so.1', '-o', library, source]);
}

async function notesWith(folder: string): Promise<string> {
  const tool = join(folder, 'nvidia-smi');
  writeFileSync(tool, '#!/bin/sh\necho "Stand-in GPU, 580.1, 8.9, 24564, 23000, 0, 41, 00000000:01:00.0"\n');
  chmodSync(tool, 0o755);
  const env = {
    ...process.env,
    PATH: `${folder}:/usr/bin:/bin`,
    LD_LIBRARY_PATH: folder,
    SCREENFOLD_GPU_PACKS: packs,
  };
  const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
  const { notes } = JSON.parse(stdout.trim().split('\n').at(-1)!) as { readonly notes: readonly string[] };
  return notes[0] ?? '';
}

describe('a real GPU pack, on a machine without a GPU', () => {
  test('loads up to the driver, which is missing', async (context) => {
    const why = whyNot();
    if (why !== null) return context.skip(why);
    expect(await notesWith(temporaryFolder())).toContain('libcuda.so.1');
  });

  test('loads all of its way where there is a driver, which finds no device', async (context) => {
    const why = whyNot();
    if (why !== null) return context.skip(why);
    const folder = temporaryFolder();
    driverWithoutDevices(folder, findPack(packs)!);
    expect(await notesWith(folder)).toContain('no CUDA-capable device is detected');
  });
});
