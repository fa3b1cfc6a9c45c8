import { execFile, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join, posix, win32 } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { libraryPath, loadOrt } from '../../native/runtime/c-api/library.ts';
import { koffi } from '../../native/runtime/foreign-functions.ts';
import { type FoundPack, manifestName, packIdOf } from '../../native/runtime/gpu-pack.ts';
import { openPackLibraries } from '../../native/runtime/pack-libraries.ts';
import { type Contents, manifestOver } from '../gpu/stand-in-pack.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

const hasCompiler = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;
const script = fileURLToPath(new URL('choose-here.ts', import.meta.url));

const packOf = (folder: string, contents: Contents): FoundPack => ({
  folder,
  manifest: manifestOver(contents),
  fault: null,
});

describe('a pack’s libraries', () => {
  const contents = {
    'core.so': Buffer.from('0'),
    'cudart.so': Buffer.from('1'),
    'cublas.so': Buffer.from('2'),
  };

  test.each([
    ['/home/me/packs/1', posix, ['/home/me/packs/1/cudart.so', '/home/me/packs/1/cublas.so']],
    ['C:\\Packs\\1', win32, ['C:\\Packs\\1\\cudart.so', 'C:\\Packs\\1\\cublas.so']],
  ])('are opened by their full paths, in order: %s', (folder, path, expected) => {
    const opened: string[] = [];
    openPackLibraries(packOf(folder, contents), (library) => opened.push(library), path);
    expect(opened).toEqual(expected);
  });

  test('of which one does not open make the pack broken, with the reason', () => {
    const open = (library: string) => {
      if (library.endsWith('cublas.so')) throw new Error('wrong ELF class');
    };
    expect(() => {
      openPackLibraries(packOf('/p', contents), open, posix);
    }).toThrow('The GPU pack is broken: cublas.so cannot be opened: wrong ELF class');
    expect(() => {
      openPackLibraries({ ...packOf('/p', contents), fault: 'cudart.so is missing' }, open, posix);
    }).toThrow('The GPU pack is broken: cudart.so is missing');
  });

  test.skipIf(!hasCompiler)('find each other by name alone, with no search path set', () => {
    const folder = temporaryFolder();
    const compile = (name: string, source: string, ...more: string[]) => {
      writeFileSync(join(folder, `${name}.c`), source);
      const args = [
        '-shared',
        '-fPIC',
        `-Wl,-soname,${name}`,
        '-o',
        join(folder, name),
        join(folder, `${name}.c`),
      ];
      expect(spawnSync('cc', [...args, ...more], { encoding: 'utf8' }).stderr).toBe('');
    };
    compile('libinner.so.13', 'int inner(void) { return 41; }');
    compile(
      'libouter.so.13',
      'int inner(void); int outer(void) { return inner() + 1; }',
      join(folder, 'libinner.so.13'),
    );
    const outer = join(folder, 'libouter.so.13');
    const bytes = Buffer.from('x');
    expect(() => koffi.load(outer)).toThrow('libinner.so.13');
    openPackLibraries(packOf(folder, { core: bytes, 'libinner.so.13': bytes, 'libouter.so.13': bytes }));
    expect(koffi.load(outer).func('int outer(void)')()).toBe(42);
  });
});

test('ONNX Runtime is opened where a pack has it, beside the usual one', () => {
  const folder = temporaryFolder();
  const copy = join(folder, 'libonnxruntime.so.1');
  copyFileSync(libraryPath(), copy);
  const [own, other] = [loadOrt(), loadOrt(copy)];
  expect(other.version).toBe(own.version);
  expect(other.env).not.toBe(own.env);
  expect(loadOrt(copy)).toBe(other);
});

describe.skipIf(process.platform !== 'linux')('with an NVIDIA GPU, and a pack', () => {
  /** A machine whose driver's tool tells of a GPU, and which has this pack. */
  async function chooseWith(
    prepare: (pack: string) => void,
    told = 'Stand-in GPU, 580.1, 8.9, 24564, 23000, 0, 41, 00000000:01:00.0',
  ): Promise<{ provider: string; notes: readonly string[] }> {
    const folder = temporaryFolder();
    const tool = join(folder, 'nvidia-smi');
    writeFileSync(tool, `#!/bin/sh\necho "${told}"\n`);
    chmodSync(tool, 0o755);
    const core = readFileSync(libraryPath());
    // Any library serves as one that is to be opened.
    const manifest = manifestOver({ 'libonnxruntime.so.1': core, 'libcudart.so.13': core });
    const pack = join(folder, 'packs', packIdOf(manifest));
    mkdirSync(pack, { recursive: true });
    for (const { path } of manifest.files) copyFileSync(libraryPath(), join(pack, path));
    writeFileSync(join(pack, manifestName), JSON.stringify(manifest));
    prepare(pack);
    const env = {
      ...process.env,
      PATH: `${folder}:/usr/bin:/bin`,
      SCREENFOLD_GPU_PACKS: join(folder, 'packs'),
    };
    const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as { provider: string; notes: readonly string[] };
  }

  test('whose provider does not start, something else serves, with the reason', async () => {
    const { provider, notes } = await chooseWith(() => undefined);
    expect(provider).not.toBe('cuda');
    expect(notes[0]).toMatch(/^CUDA is not used: It was tried and does not work: CUDA does not start: /);
    expect(notes[0]).toContain('libonnxruntime_providers_');
  });

  test.each([
    [
      'card too old for it',
      'Old GPU, 580.1, 6.1, 11264, 11000, 0, 38, 00000000:01:00.0',
      'CUDA 13 has no code for the Old GPU (compute capability 6.1).',
    ],
    [
      'driver too old for it',
      'Stand-in GPU, 550.5, 8.9, 24564, 23000, 0, 41, 00000000:01:00.0',
      'NVIDIA’s driver is version 550.5; CUDA 13 needs 580 or newer.',
    ],
  ])('and a %s, something else serves, and that is the reason', async (_, told, reason) => {
    const { provider, notes } = await chooseWith(() => undefined, told);
    expect(provider).not.toBe('cuda');
    expect(notes[0]).toContain(`CUDA is not used: ${reason} It was tried and does not work: `);
  });

  test.each([
    [
      'card too old for one',
      'Old GPU, 580.1, 6.1, 11264, 11000, 0, 38, 00000000:01:00.0',
      'CUDA is not used: CUDA 13 has no code for the Old GPU (compute capability 6.1).',
    ],
    [
      'driver too old for one',
      'Stand-in GPU, 550.5, 8.9, 24564, 23000, 0, 41, 00000000:01:00.0',
      'CUDA is not used: NVIDIA’s driver is version 550.5; CUDA 13 needs 580 or newer.',
    ],
    [
      'card that one would serve',
      'Stand-in GPU, 580.1, 8.9, 24564, 23000, 0, 41, 00000000:01:00.0',
      `CUDA is not used: Stand-in GPU was found, but ONNX Runtime's CUDA libraries are not installed: libonnxruntime_providers_shared.so, libonnxruntime_providers_cuda.so. The GPU pack brings them.`,
    ],
  ])('that is not there, and a %s, the reason says what would help', async (_, told, note) => {
    const { notes } = await chooseWith((pack) => {
      rmSync(pack, { recursive: true });
    }, told);
    expect(notes[0]).toBe(note);
  });

  test('that is cut short, something else serves, and the pack is to be repaired', async () => {
    const { provider, notes } = await chooseWith((pack) => {
      const file = join(pack, 'libcudart.so.13');
      truncateSync(file, statSync(file).size - 1);
    });
    expect(provider).not.toBe('cuda');
    expect(notes[0]).toBe(
      'CUDA is not used: Stand-in GPU was found, but the GPU pack is broken: libcudart.so.13 is missing or cut short. Repair it in the settings.',
    );
  });

  test('with a library that is none, something else serves, and says which', async () => {
    const { provider, notes } = await chooseWith((pack) => {
      const file = join(pack, 'libcudart.so.13');
      writeFileSync(file, Buffer.alloc(statSync(file).size, 'x'));
    });
    expect(provider).not.toBe('cuda');
    expect(notes[0]).toContain('The GPU pack is broken: libcudart.so.13 cannot be opened');
  });
});
