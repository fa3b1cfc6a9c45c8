/**
 * Makes the GPU pack: `npm run gpu:pack`, of which `--help` tells the flags. Writes the archive, and `gpu-pack.json`, by which
 * the program that is packed afterwards knows it (docs/gpu-pack.md).
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

import { ZipFile } from 'yazl';

import { type GpuPackManifest, manifestName, ownOnnxRuntime, packIdOf } from '../native/runtime/gpu-pack.ts';
import { collectPack } from './gpu-pack/collect.ts';
import { fetchWheels } from './gpu-pack/fetch-wheels.ts';
import { type PackPlatform, packPlatforms } from './gpu-pack/platforms.ts';
import { openWheel, type Wheel } from './gpu-pack/wheel.ts';
import { refuse, scriptFlags } from './script-flags.ts';
import { updateSource } from './update-source.ts';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));

/** Of every pack, so that the same files make the same archive. */
const sameDate = new Date('2000-01-01T00:00:00Z');

const usage = `npm run gpu:pack -- [flags]

  --platform <name>   ${Object.keys(packPlatforms).join(' or ')}; this machine's unless you say otherwise
  --out <folder>      where archive and gpu-pack.json go, out/gpu-pack/<platform> unless you say otherwise
  --wheels <folder>   wheels fetched before; else Python's pip, which has to be here, fetches them from PyPI

SCREENFOLD_UPDATES names the folder on the web that the archive is published in. See docs/gpu-pack.md.`;

const values = scriptFlags(usage, {
  platform: { type: 'string' },
  out: { type: 'string' },
  wheels: { type: 'string' },
});
const name = (values.platform ?? `${process.platform}-${process.arch}`) as keyof typeof packPlatforms;
if (!Object.hasOwn(packPlatforms, name)) {
  refuse(`There is no GPU pack for ${name}, but for ${Object.keys(packPlatforms).join(' and ')}.`);
}
const out = resolve(values.out ?? join(root, 'out', 'gpu-pack', name));
await mkdir(out, { recursive: true });
const work = await mkdtemp(join(out, 'work-'));
try {
  const wheels = await openWheels(
    packPlatforms[name],
    values.wheels ?? wheelsFetched(packPlatforms[name], join(work, 'wheels')),
  );
  const files = join(work, 'files');
  await mkdir(files);
  const manifest = await collectPack(files, packPlatforms[name], wheels);
  for (const wheel of wheels) wheel.close();
  const archive = join(out, `screenfold-gpu-${name}-${packIdOf(manifest)}.zip`);
  await writeArchive(archive, files, manifest);
  await writeOffer(archive, manifest);
} finally {
  await rm(work, { recursive: true, force: true });
}

function wheelsFetched({ pip, libraries }: PackPlatform, folder: string): string {
  fetchWheels(
    [`onnxruntime-gpu==${ownOnnxRuntime()}`, ...new Set(libraries.map(({ wheel }) => wheel))],
    pip,
    folder,
  );
  return folder;
}

/** ONNX Runtime's first, of the very version that npm's is. */
async function openWheels(platform: PackPlatform, folder: string): Promise<readonly [Wheel, ...Wheel[]]> {
  const names = (await readdir(folder)).filter((file) => file.endsWith('.whl'));
  const wheels = await Promise.all(names.map((file) => openWheel(join(folder, file))));
  const wanted = new Set(platform.libraries.map(({ wheel }) => wheel.split('~')[0]!));
  const onnxRuntime = wheels.find((wheel) => wheel.name === 'onnxruntime-gpu');
  if (onnxRuntime?.version !== ownOnnxRuntime()) {
    throw new Error(`onnxruntime-gpu ${ownOnnxRuntime()} is not in ${folder}.`);
  }
  return [onnxRuntime, ...wheels.filter((wheel) => wanted.has(wheel.name))];
}

async function writeArchive(archive: string, folder: string, manifest: GpuPackManifest): Promise<void> {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(JSON.stringify(manifest, null, 2)), manifestName, { mtime: sameDate });
  for (const { path } of manifest.files)
    zip.addFile(join(folder, path), path, { mtime: sameDate, mode: 0o100644 });
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(archive));
}

/** What the program has to know of the pack: where it is published, which is beside newer versions, and what it is. */
async function writeOffer(archive: string, manifest: GpuPackManifest): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(archive), hash);
  const file = archive.slice(dirname(archive).length + 1);
  const source = updateSource(process.env.SCREENFOLD_UPDATES);
  const address = source === undefined ? null : `${source.replace(/\/+$/, '')}/${file}`;
  const { size: bytes } = await stat(archive);
  const offer = { address, archive: { name: file, bytes, sha256: hash.digest('hex') }, manifest };
  await writeFile(join(out, 'gpu-pack.json'), JSON.stringify(offer, null, 2));
  const unpacked = manifest.files.reduce((sum, one) => sum + one.bytes, 0);
  console.log(`${archive}: ${(bytes / 1e6).toFixed(0)} MB, unpacked ${(unpacked / 1e6).toFixed(0)} MB`);
  for (const { name: part, version, licence } of manifest.parts)
    console.log(`  ${part} ${version} (${licence})`);
}
