import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import type { Entry, ZipFile } from 'yauzl';

import { Failure, messageOf } from '../../native/failure.ts';
import {
  makeFolder,
  removePartialWrites,
  writeFailure,
  writeFolderAtomic,
} from '../../native/files/atomic-file.ts';
import { lockFile } from '../../native/files/process-lock.ts';
import {
  type GpuPackManifest,
  isWanted,
  manifestName,
  type NvidiaGpu,
  packIdOf,
  packRefusal,
  type PackWanted,
  parseManifest,
} from '../../native/runtime/gpu-pack.ts';
import { freeOn } from '../library/free-disk.ts';
import { entriesOf, openZip, readEntry } from '../library/zip-file.ts';

export interface Unpacking {
  /** The folder of all packs. */
  readonly packs: string;
  readonly wanted: PackWanted;
  /** The very pack it has to be; null: any for this machine and version. */
  readonly expected: GpuPackManifest | null;
  /** The cards of which one has to be able to compute by it; left out, that was seen to before. */
  readonly gpus?: readonly NvidiaGpu[];
  readonly signal?: AbortSignal;
}

const mostManifestBytes = 1 << 20;
/** Left free on the disk. */
const spare = 64 * 1024 * 1024;

/**
 * Unpacks a GPU pack's archive into a folder named after its content, every file held to its sum; the folder is there whole or
 * not at all. A broken one of the same content gives way.
 * @throws Failure `gpu-pack-damaged`, `gpu-pack-other`, `gpu-pack-busy`, `disk-full`; `gpu-missing`, `gpu-not-served` and
 * `gpu-driver-old` by the cards
 */
export async function unpackPack(archive: string, unpacking: Unpacking): Promise<string> {
  const zip = await openZip(archive).catch((error: unknown) => {
    throw damaged(archive, messageOf(error), error);
  });
  try {
    await makeFolder(unpacking.packs);
    return await alone(unpacking.packs, () => unpack(zip, archive, unpacking));
  } finally {
    zip.close();
  }
}

async function unpack(zip: ZipFile, archive: string, unpacking: Unpacking): Promise<string> {
  // Those that lie directly in the archive; nothing else is looked at.
  const found = await entriesOf(zip, ({ fileName }) => /^[\w.+-]+$/.test(fileName), 1000);
  const entries = new Map(found.map((entry) => [entry.fileName, entry]));
  const manifest = await manifestOf(zip, entries, archive);
  refuseOther(manifest, unpacking);
  const unfit = unpacking.gpus === undefined ? null : packRefusal(unpacking.gpus, manifest);
  if (unfit !== null) throw unfit;
  const folder = join(unpacking.packs, packIdOf(manifest));
  await needRoom(unpacking.packs, manifest);
  await rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
    throw writeFailure(folder, error);
  });
  await writeFolderAtomic(folder, async (partial) => {
    for (const file of manifest.files) {
      unpacking.signal?.throwIfAborted();
      const entry = entries.get(file.path);
      if (entry === undefined) throw damaged(archive, `${file.path} is missing`);
      const sum = await writeEntry(zip, entry, join(partial, file.path), archive);
      if (sum !== file.sha256) throw damaged(archive, `${file.path} is another file than it should be`);
    }
    await writeFile(join(partial, manifestName), JSON.stringify(manifest, null, 2));
  });
  return folder;
}

/** One at a time unpacks, whichever library it has open; what one that was killed left is removed. */
async function alone<T>(packs: string, work: () => Promise<T>): Promise<T> {
  const lock = join(packs, 'unpacking.lock');
  const unlock = lockFile(lock);
  if (unlock === null) {
    throw new Failure('gpu-pack-busy', 'A GPU pack is being unpacked already.', 'Wait for it to end.');
  }
  try {
    await removePartialWrites(packs);
    return await work();
  } finally {
    unlock();
    await rm(lock, { force: true });
  }
}

/** The archive that a path is, or that lies in the folder it is. */
export async function archiveAt(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (found?.isFile() === true) return path;
  const names = found === null ? [] : (await readdir(path).catch(() => [])).sort();
  const archive = names.findLast((name) => /^screenfold-gpu-.*\.zip$/.test(name));
  if (archive !== undefined) return join(path, archive);
  throw new Failure(
    'gpu-pack-missing',
    `There is no GPU pack at ${path}.`,
    'Choose the file screenfold-gpu-….zip, or the folder that it lies in.',
  );
}

function refuseOther(manifest: GpuPackManifest, { wanted, expected }: Unpacking): void {
  const { onnxRuntime, platform, arch } = manifest;
  if (!isWanted(manifest, wanted)) {
    throw new Failure(
      'gpu-pack-other',
      `This GPU pack is for ONNX Runtime ${onnxRuntime} on ${platform} ${arch}; here is ${wanted.onnxRuntime} on ${wanted.platform} ${wanted.arch}.`,
      'Get the pack that was published with this version of Screenfold.',
    );
  }
  if (expected === null || packIdOf(manifest) === packIdOf(expected)) return;
  throw new Failure(
    'gpu-pack-other',
    'This GPU pack is not the one that belongs to this version of Screenfold.',
    'Get the pack that was published with it.',
  );
}

async function needRoom(packs: string, { files }: GpuPackManifest): Promise<void> {
  const needed = files.reduce((sum, { bytes }) => sum + bytes, spare);
  const free = await freeOn(packs);
  if (free < needed) throw noRoomFor(packs, needed, free);
}

export function noRoomFor(folder: string, needed: number, free: number): Failure {
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  return new Failure(
    'disk-full',
    `The GPU pack takes ${gigabytes(needed)}, and the disk of ${folder} has ${gigabytes(free)} free.`,
    'Free some space on it, or name a folder on another disk in SCREENFOLD_GPU_PACKS.',
  );
}

const damaged = (archive: string, why: string, cause?: unknown) =>
  new Failure(
    'gpu-pack-damaged',
    `${archive} is no whole GPU pack: ${why}.`,
    'Get the file again from where it came from.',
    cause,
  );

async function manifestOf(
  zip: ZipFile,
  entries: ReadonlyMap<string, Entry>,
  archive: string,
): Promise<GpuPackManifest> {
  const entry = entries.get(manifestName);
  if (entry === undefined || entry.uncompressedSize > mostManifestBytes)
    throw damaged(archive, 'it does not say what it holds');
  const chunks: Buffer[] = [];
  for await (const chunk of (await readEntry(zip, entry)) as AsyncIterable<Buffer>) chunks.push(chunk);
  const manifest = parseManifest(Buffer.concat(chunks).toString('utf8'));
  if (manifest === null) throw damaged(archive, 'what it says of itself cannot be read by this version');
  return manifest;
}

async function writeEntry(zip: ZipFile, entry: Entry, path: string, archive: string): Promise<string> {
  const hash = createHash('sha256');
  const hashed = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  try {
    await pipeline(await readEntry(zip, entry), hashed, createWriteStream(path));
  } catch (error) {
    const ofDisk = error instanceof Error && 'syscall' in error;
    throw ofDisk ? writeFailure(path, error) : damaged(archive, messageOf(error), error);
  }
  return hash.digest('hex');
}
