import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { type GpuPackManifest, packNeeds } from '../../native/runtime/gpu-pack.ts';
import type { PackPlatform } from './platforms.ts';
import type { Wheel } from './wheel.ts';

type PackFile = GpuPackManifest['files'][number];

/**
 * Lays a pack's files into a folder and says what they are: ONNX Runtime with its CUDA provider, NVIDIA's libraries, and the
 * licences of both.
 * @param wheels ONNX Runtime's first
 */
export async function collectPack(
  folder: string,
  platform: PackPlatform,
  [onnxRuntime, ...nvidia]: readonly [Wheel, ...Wheel[]],
): Promise<GpuPackManifest> {
  const files: PackFile[] = [];
  const lay = async (wheel: Wheel, path: string, name: string) => {
    const { bytes, sha256 } = await wheel.extract(path, join(folder, name));
    files.push({ path: name, bytes, sha256, of: `${wheel.name} ${wheel.version}` });
  };
  const core = fileOf([onnxRuntime], platform.core.pattern);
  await lay(core.wheel, core.path, platform.core.name);
  for (const name of platform.provider) {
    const { wheel, path } = fileOf([onnxRuntime], exactly(name));
    await lay(wheel, path, name);
  }
  const load: string[] = [];
  for (const { file, opensItself = false } of platform.libraries) {
    const { wheel, path } = fileOf(nvidia, file);
    await lay(wheel, path, basename(path));
    if (!opensItself) load.push(basename(path));
  }
  files.push(await layLicences(folder, [onnxRuntime, ...nvidia]));
  return {
    format: 1,
    platform: platform.platform,
    arch: platform.arch,
    onnxRuntime: onnxRuntime.version,
    ...packNeeds,
    core: platform.core.name,
    load,
    files,
    parts: [onnxRuntime, ...nvidia].map(({ name, version, licence }) => ({ name, version, licence })),
  };
}

const exactly = (name: string) => new RegExp(`^${name.replaceAll('.', '\\.')}$`);

/** A library has to be there once, or the pack would be one nobody tried. */
function fileOf(wheels: readonly Wheel[], pattern: RegExp): { readonly wheel: Wheel; readonly path: string } {
  const found = wheels.flatMap((wheel) =>
    wheel.files.filter((path) => pattern.test(basename(path))).map((path) => ({ wheel, path })),
  );
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  const wrong = first === undefined ? 'no file' : `${found.length} files`;
  throw new Error(`${wheels.map(({ name }) => name).join(', ')}: ${wrong} like ${pattern.source}.`);
}

/** All licences in one text: NVIDIA's let its libraries be passed on only with them. */
async function layLicences(folder: string, wheels: readonly Wheel[]): Promise<PackFile> {
  const texts: string[] = [];
  for (const wheel of wheels) {
    const paths = wheel.files.filter((path) => /(^|\/)(LICEN[CS]E|ThirdPartyNotices)[^/]*$/i.test(path));
    if (paths.length === 0) throw new Error(`${wheel.name} has no licence in it.`);
    for (const path of paths)
      texts.push(
        `${wheel.name} ${wheel.version}, ${basename(path)}\n\n${(await wheel.read(path)).toString('utf8')}`,
      );
  }
  const text = Buffer.from(texts.join(`\n\n${'='.repeat(100)}\n\n`));
  writeFileSync(join(folder, 'LICENCES.txt'), text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { path: 'LICENCES.txt', bytes: text.length, sha256, of: 'licences' };
}
