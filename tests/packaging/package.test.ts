import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { listPackage } from '@electron/asar';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import AdmZip from 'adm-zip';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { isLeftOut, nativePackages, pruneForeign } from '../../forge.config.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const forge = fileURLToPath(import.meta.resolve('@electron-forge/cli/dist/electron-forge.js'));
const [platform, arch] = ['linux', process.arch];

/** An archive laid out as Electron's: a program with fuses in it that have not been set, and what lies beside it. */
function standInElectron(folder: string): void {
  const manifest = readFileSync(join(root, 'node_modules', 'electron', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const fuses = Buffer.concat([
    Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'),
    Buffer.from([1, 9]),
    Buffer.from('101100011'),
  ]);
  const zip = new AdmZip();
  zip.addFile('electron', Buffer.concat([Buffer.alloc(64), fuses, Buffer.alloc(64)]), '', 0o755);
  zip.addFile('version', Buffer.from(version));
  zip.addFile('LICENSE', Buffer.from('Electron’s'));
  zip.addFile('resources/default_app.asar', Buffer.from('none'));
  zip.writeZip(join(folder, `electron-v${version}-${platform}-${arch}.zip`));
}

describe.skipIf(process.platform !== 'linux')('the packed program', () => {
  let folder: string;
  let packed: string;
  let archived: readonly string[];
  const within = (...parts: string[]): string => join(packed, 'resources', ...parts);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'screenfold-package-'));
    standInElectron(folder);
    await promisify(execFile)(process.execPath, [forge, 'package', '--platform', platform, '--arch', arch], {
      cwd: root,
      env: { ...process.env, ELECTRON_ZIP_DIR: folder, SCREENFOLD_PACK_FOLDER: join(folder, 'out') },
    });
    packed = join(folder, 'out', `Screenfold-${platform}-${arch}`);
    archived = listPackage(within('app.asar'), { isPack: false }).map((name) => name.replaceAll(sep, '/'));
  }, 300_000);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('holds what was built, its packages, and none of the sources, tests or tools', () => {
    for (const name of ['main.js', 'preload.cjs', 'engine.js', 'probe.js', 'pictures.js'])
      expect(archived).toContain(`/dist/desktop/${name}`);
    expect(archived).toContain('/dist/renderer/index.html');
    for (const name of ['zod', 'pino', 'electron-updater', 'onnxruntime-common', 'fontkit'])
      expect(archived).toContain(`/node_modules/${name}/package.json`);
    expect(archived).toContain('/node_modules/@fontsource/inter/package.json');
    const tops = new Set(archived.map((name) => name.split('/')[1]));
    expect([...tops].sort()).toEqual(['dist', 'node_modules', 'package.json']);
    for (const name of ['electron', 'typescript', 'vitest', 'react', 'esbuild', 'playwright-core'])
      expect(archived).not.toContain(`/node_modules/${name}/package.json`);
    expect(archived.filter((name) => name.endsWith('.map') && name.startsWith('/dist'))).toEqual([]);
  });

  test('keeps native code and the libraries it loads outside the archive', () => {
    const unpacked = (...parts: string[]): string => within('app.asar.unpacked', 'node_modules', ...parts);
    expect(readdirSync(unpacked('onnxruntime-node', 'bin', 'napi-v6', platform, arch))).toEqual(
      expect.arrayContaining(['onnxruntime_binding.node', expect.stringContaining('libonnxruntime.so')]),
    );
    expect(existsSync(unpacked('better-sqlite3', 'prebuilds', `${platform}-${arch}.node`))).toBe(true);
    expect(existsSync(unpacked('sharp'))).toBe(true);
    expect(readdirSync(unpacked('@img')).some((name) => name.startsWith('sharp-libvips-linux'))).toBe(true);
    expect(readdirSync(unpacked('@koromix'))).not.toEqual([]);
    const natives = archived.filter((name) => /\.(node|so(\.\d+)*|dll|dylib)$/.test(name));
    expect(natives.length).toBeGreaterThan(3);
    for (const name of natives) expect(existsSync(within('app.asar.unpacked', name)), name).toBe(true);
  });

  test("leaves other platforms' binaries out", () => {
    const foreign = archived.filter((name) => /(win32|darwin|linuxmusl)/.test(name));
    expect(foreign.filter((name) => /\.(node|dll|dylib)$/.test(name))).toEqual([]);
  });

  test('brings the embedded base, the sample and the icon beside the archive', () => {
    const embedded = within('seedling', 'unet', 'diffusion_pytorch_model.safetensors');
    expect(
      readFileSync(embedded).equals(readFileSync(embedded.replace(within(), join(root, 'resources')))),
    ).toBe(true);
    expect(existsSync(within('seedling', 'model_index.json'))).toBe(true);
    expect(existsSync(within('sample', 'metadata.csv'))).toBe(true);
    expect(existsSync(within('icon', 'icon.png'))).toBe(true);
    // Without an address to look at, the program must not look.
    expect(existsSync(within('app-update.yml'))).toBe(false);
  });

  test('brings its licence, and the notices of all that comes with it, to where people find them', () => {
    for (const name of ['LICENSE', 'THIRD-PARTY-NOTICES.md'])
      expect(readFileSync(within(name), 'utf8')).toBe(readFileSync(join(root, name), 'utf8'));
    const manifest = readFileSync(join(root, 'node_modules', 'onnxruntime-node', 'package.json'), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    expect(readdirSync(within('notices'))).toEqual([`onnxruntime-${version}.txt`]);
    const beside = readdirSync(packed).filter((name) => name.includes('LICENSE'));
    expect(beside.map((name) => readFileSync(join(packed, name), 'utf8'))).toEqual(['Electron’s']);
  });

  test('has its fuses set: no Node by another name, nothing but its own archive', async () => {
    const wire = await getCurrentFuseWire(join(packed, 'screenfold'));
    const [off, on] = ['0'.charCodeAt(0), '1'.charCodeAt(0)];
    expect(wire[FuseV1Options.RunAsNode]).toBe(off);
    expect(wire[FuseV1Options.EnableNodeOptionsEnvironmentVariable]).toBe(off);
    expect(wire[FuseV1Options.EnableNodeCliInspectArguments]).toBe(off);
    expect(wire[FuseV1Options.GrantFileProtocolExtraPrivileges]).toBe(off);
    expect(wire[FuseV1Options.OnlyLoadAppFromAsar]).toBe(on);
    expect(wire[FuseV1Options.EnableEmbeddedAsarIntegrityValidation]).toBe(on);
    expect(wire[FuseV1Options.EnableCookieEncryption]).toBe(on);
  });
});

describe('what is packed', () => {
  test.each([
    ['linux', 3],
    ['darwin', 3],
    ['win32', 2],
  ])('for %s has what native packages need there, as they name it', (named, count) => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, unknown>>;
    };
    const needed = nativePackages(named, 'arm64');
    expect(needed).toHaveLength(count);
    for (const name of needed) expect(Object.keys(lock.packages)).toContain(`node_modules/${name}`);
  });

  test.each([
    '/electron/main.ts',
    '/tests',
    '/docs/run-file.md',
    '/resources/sample',
    '/node_modules/.cache',
    '/out',
  ])('leaves out %s', (file) => {
    expect(isLeftOut(file)).toBe(true);
  });

  test.each(['', '/package.json', '/dist', '/dist/renderer/index.html', '/node_modules/zod/index.js'])(
    'takes along %s',
    (file) => {
      expect(isLeftOut(file)).toBe(false);
    },
  );

  test('for Windows, is that platform’s alone', async () => {
    const app = mkdtempSync(join(tmpdir(), 'screenfold-prune-'));
    const packages = join(app, 'node_modules');
    const runtimes = join(packages, 'onnxruntime-node', 'bin', 'napi-v6');
    for (const name of ['win32/x64', 'win32/arm64', 'linux/x64', 'darwin/arm64'])
      mkdirSync(join(runtimes, name), { recursive: true });
    const prebuilds = join(packages, 'better-sqlite3', 'prebuilds');
    mkdirSync(prebuilds, { recursive: true });
    for (const name of ['win32-x64', 'linux-x64']) writeFileSync(join(prebuilds, `${name}.node`), '');
    try {
      await pruneForeign(app, 'win32', 'x64');
      expect(readdirSync(runtimes)).toEqual(['win32']);
      expect(readdirSync(join(runtimes, 'win32'))).toEqual(['x64']);
      expect(readdirSync(prebuilds)).toEqual(['win32-x64.node']);
    } finally {
      rmSync(app, { recursive: true, force: true });
    }
  });
});
