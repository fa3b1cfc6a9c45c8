import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, constants, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import type { Entry, ZipFile } from 'yauzl';

import { Failure, messageOf } from '../../native/failure.ts';
import {
  makeFolder,
  removeFolderAtomic,
  removePartialWrites,
  replaceFolderAtomic,
  writeFailure,
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
import { entriesOf, openZip, readEntry, verifiedEntry } from '../library/zip-file.ts';

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
 * not at all. One of the same content, which may be broken, gives way when the new one is whole.
 * @throws Failure `gpu-pack-damaged`, `gpu-pack-other`, `gpu-pack-busy`, `disk-full`, `write-failed`; `gpu-missing`, `gpu-not-served` and
 * `gpu-driver-old` by the cards
 */
export async function unpackPack(archive: string, unpacking: Unpacking): Promise<string> {
  const zip = await readingOf(archive, openZip(archive));
  try {
    await makeFolder(unpacking.packs);
    return await alone(unpacking.packs, () => unpack(zip, archive, unpacking));
  } finally {
    zip.close();
  }
}

async function unpack(zip: ZipFile, archive: string, unpacking: Unpacking): Promise<string> {
  // Those that lie directly in the archive; nothing else is looked at.
  const found = await readingOf(
    archive,
    entriesOf(zip, ({ fileName }) => /^[\w.+-]+$/.test(fileName), 1000),
  );
  const entries = new Map(found.map((entry) => [entry.fileName, entry]));
  const manifest = await manifestOf(zip, entries, archive);
  refuseOther(manifest, unpacking);
  const unfit = unpacking.gpus === undefined ? null : packRefusal(unpacking.gpus, manifest);
  if (unfit !== null) throw unfit;
  const folder = join(unpacking.packs, packIdOf(manifest));
  await needRoom(unpacking.packs, manifest);
  await replaceFolderAtomic(folder, async (partial) => {
    for (const file of manifest.files) {
      unpacking.signal?.throwIfAborted();
      const entry = entries.get(file.path);
      if (entry === undefined) throw damaged(archive, `${file.path} is missing`);
      // Room was looked for by what the manifest says.
      if (entry.uncompressedSize !== file.bytes)
        throw damaged(archive, `${file.path} has ${entry.uncompressedSize} bytes rather than ${file.bytes}`);
      const sum = await writeEntry(zip, entry, join(partial, file.path), archive, unpacking.signal);
      if (sum !== file.sha256) throw damaged(archive, `${file.path} is another file than it should be`);
    }
    await writeFile(join(partial, manifestName), JSON.stringify(manifest, null, 2));
  });
  return folder;
}

/**
 * Removes a pack, whole or not at all.
 * @throws Failure `gpu-pack-busy`, `write-failed`
 */
export async function removePack(packs: string, folder: string): Promise<void> {
  await alone(packs, () => removeFolderAtomic(folder));
}

/** One at a time unpacks or removes, whichever library it has open; what one that was killed left is removed. */
async function alone<T>(packs: string, work: () => Promise<T>): Promise<T> {
  const lock = join(packs, 'unpacking.lock');
  const unlock = await lockIn(packs, lock);
  if (unlock === null) {
    throw new Failure(
      'gpu-pack-busy',
      'A GPU pack is being unpacked or removed already.',
      'Wait for it to end.',
    );
  }
  try {
    await removePartialWrites(packs);
    return await work();
  } finally {
    unlock();
    // Somebody else may have it by now, and on Windows then keeps it.
    await rm(lock, { force: true }).catch(() => undefined);
  }
}

async function lockIn(folder: string, lock: string): Promise<(() => void) | null> {
  try {
    return lockFile(lock);
  } catch (error) {
    // What the lock says of a folder that may not be written to helps nobody.
    const why = await access(folder, constants.W_OK).catch((refusal: unknown) => refusal);
    throw writeFailure(lock, why ?? error);
  }
}

/** What an archive gives; where it cannot be read, that it is damaged. */
async function readingOf<T>(archive: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw damaged(archive, messageOf(error), error);
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
  await readingOf(archive, collect(verifiedEntry(zip, entry), chunks));
  const manifest = parseManifest(Buffer.concat(chunks).toString('utf8'));
  if (manifest === null) throw damaged(archive, 'what it says of itself cannot be read by this version');
  return manifest;
}

async function collect(from: AsyncIterable<Buffer>, into: Buffer[]): Promise<void> {
  for await (const chunk of from) into.push(chunk);
}

async function writeEntry(
  zip: ZipFile,
  entry: Entry,
  path: string,
  archive: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash('sha256');
  const hashed = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  try {
    const stream = await readEntry(zip, entry);
    await pipeline(stream, hashed, createWriteStream(path), signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    const ofDisk = error instanceof Error && 'syscall' in error;
    throw ofDisk ? writeFailure(path, error) : damaged(archive, messageOf(error), error);
  }
  return hash.digest('hex');
}
