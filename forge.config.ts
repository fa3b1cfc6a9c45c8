/**
 * Packs the program: `npm run package` makes `out/Screenfold-<platform>-<arch>`, of which `npm run make` makes installers
 * (electron-builder.yml). The page, main, preload and engine are built first; of the packages only what runs comes along.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { FuseV1Options, FuseVersion } from '@electron/fuses';
import { FusesPlugin } from '@electron-forge/plugin-fuses';
import type { ForgeConfig } from '@electron-forge/shared-types';

import { ensureBuilt } from './electron/cli/open/built-files.ts';
import { updateSource } from './scripts/update-source.ts';
import { bringVisualCRuntime } from './scripts/visual-c-runtime.ts';

/** Native code, and shared libraries it loads by path: neither can be read from within an archive. */
const unpacked = '**/node_modules/{better-sqlite3,koffi,@koromix,onnxruntime-node,sharp,@img}/**';

/** What lies beside the archive: models and pictures, for native code reads them too, and what is to be found by people. */
const resources = [
  'resources/sample',
  'resources/seedling',
  'resources/features',
  'resources/icon',
  'resources/notices',
  'LICENSE',
  'THIRD-PARTY-NOTICES.md',
];

/** Word of the GPU pack of this version, where it was made before (docs/gpu-pack.md). */
const gpuPack = `out/gpu-pack/${process.platform}-${process.arch}/gpu-pack.json`;
if (existsSync(join(import.meta.dirname, gpuPack))) resources.push(gpuPack);

/** Where newer versions are found, as the address of a folder; left out, the program looks for none. */
const updates = updateSource(process.env.SCREENFOLD_UPDATES);

/** Of the project itself: what was built, and its description. */
export function isLeftOut(file: string): boolean {
  const [, top = '', second = ''] = file.split('/');
  if (top === 'node_modules') return second.startsWith('.');
  if (top === '' || top === 'package.json') return false;
  return top !== 'dist' || !['', 'renderer', 'desktop'].includes(second) || file.endsWith('.map');
}

/** Binaries of other platforms, and sources that nobody compiles. */
export async function pruneForeign(app: string, platform: string, arch: string): Promise<void> {
  const packages = join(app, 'node_modules');
  const keepOnly = async (folder: string, kept: (name: string) => boolean): Promise<void> => {
    for (const name of await readdir(folder).catch(() => []))
      if (!kept(name)) await rm(join(folder, name), { recursive: true });
  };
  const runtimes = join(packages, 'onnxruntime-node', 'bin', 'napi-v6');
  await keepOnly(runtimes, (name) => name === platform);
  await keepOnly(join(runtimes, platform), (name) => name === arch);
  await keepOnly(
    join(packages, 'better-sqlite3', 'prebuilds'),
    (name) => name === `${platform}-${arch}.node`,
  );
  for (const folder of ['build', 'deps', 'src'])
    await rm(join(packages, 'better-sqlite3', folder), { recursive: true, force: true });
}

/** Packages with native code for one platform alone, of which npm installs its own platform's. */
export function nativePackages(platform: string, arch: string): readonly string[] {
  const sharp = [`@img/sharp-${platform}-${arch}`];
  // Windows' holds its libraries itself.
  if (platform !== 'win32') sharp.push(`@img/sharp-libvips-${platform}-${arch}`);
  return [...sharp, `@koromix/koffi-${platform}-${arch}`];
}

/** A program without them would be packed as well, and not start. */
function checkNatives(platform: string, arch: string): void {
  const missing = nativePackages(platform, arch).filter(
    (name) => !existsSync(join(import.meta.dirname, 'node_modules', name)),
  );
  if (missing.length === 0) return;
  throw new Error(
    `${missing.join(', ')} are not installed: pack on ${platform} ${arch} itself, ` +
      `or run \`npm ci --os=${platform} --cpu=${arch}\` before.`,
  );
}

const config: ForgeConfig = {
  outDir: process.env.SCREENFOLD_PACK_FOLDER ?? 'out',
  packagerConfig: {
    name: 'Screenfold',
    executableName: 'screenfold',
    appBundleId: 'studio.screenfold.app',
    appCategoryType: 'public.app-category.graphics-design',
    icon: 'resources/icon/icon',
    asar: { unpack: unpacked },
    ignore: isLeftOut,
    extraResource: updates === undefined ? resources : [...resources, 'out/app-update.yml'],
    // A folder holding Electron's archive, where it is not to be fetched.
    ...(process.env.ELECTRON_ZIP_DIR === undefined ? {} : { electronZipDir: process.env.ELECTRON_ZIP_DIR }),
  },
  // All native packages are built against Node-API and fit Electron as they are.
  rebuildConfig: { onlyModules: [] },
  hooks: {
    generateAssets: async () => {
      for (const built of ['renderer', 'desktop'] as const)
        await ensureBuilt(import.meta.dirname, built, { onBuild: () => undefined, onLine: console.log });
      if (updates !== undefined) {
        const source = `provider: generic\nurl: ${JSON.stringify(updates)}\nupdaterCacheDirName: screenfold-updater\n`;
        await mkdir(join(import.meta.dirname, 'out'), { recursive: true });
        await writeFile(join(import.meta.dirname, 'out', 'app-update.yml'), source);
      }
    },
    prePackage: (_config, platform, arch) => {
      for (const one of arch.split(',')) checkNatives(platform, one);
      return Promise.resolve();
    },
    packageAfterPrune: (_config, app, _electronVersion, platform, arch) => pruneForeign(app, platform, arch),
    postPackage: async (_config, { platform, arch, outputPaths }) => {
      if (platform !== 'win32') return;
      for (const folder of outputPaths)
        await bringVisualCRuntime(folder, arch, process.env.SCREENFOLD_VISUAL_C);
    },
  },
  plugins: [
    new FusesPlugin({
      version: FuseVersion.V1,
      strictlyRequireAllFuses: true,
      [FuseV1Options.RunAsNode]: false,
      [FuseV1Options.EnableCookieEncryption]: true,
      [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
      [FuseV1Options.EnableNodeCliInspectArguments]: false,
      [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: true,
      [FuseV1Options.OnlyLoadAppFromAsar]: true,
      [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
      [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
      [FuseV1Options.WasmTrapHandlers]: true,
    }),
  ],
};

export default config;
