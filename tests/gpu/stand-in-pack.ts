import { createHash } from 'node:crypto';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { ZipFile } from 'yazl';

import type { PackOffer } from '../../electron/gpu/pack-offer.ts';
import { type GpuPackManifest, manifestName, ownOnnxRuntime } from '../../native/runtime/gpu-pack.ts';
import type { NvidiaGpu } from '../../native/runtime/nvidia-smi.ts';

export const card: NvidiaGpu = {
  name: 'NVIDIA GeForce RTX 4090',
  driver: '580.159.04',
  computeCapability: '8.9',
  memoryMib: 24_564,
  freeMib: 23_000,
  utilization: 0,
  temperature: 41,
  busId: '00000000:01:00.0',
};

const sum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export type Contents = Readonly<Record<string, Buffer>>;

/** What a small pack for this machine says of itself; of what it holds, `core` is the first and all others are opened. */
export function manifestOver(contents: Contents, changes: Partial<GpuPackManifest> = {}): GpuPackManifest {
  const [core = '', ...load] = Object.keys(contents);
  return {
    format: 1,
    platform: process.platform === 'win32' ? 'win32' : 'linux',
    arch: 'x64',
    onnxRuntime: ownOnnxRuntime(),
    cuda: 13,
    leastDriver: 580,
    computeCapabilities: ['7.5', '8.0', '8.6', '9.0', '12.0'],
    ...{ core, load },
    files: Object.entries(contents).map(([path, bytes]) => ({
      ...{ path, bytes: bytes.length, sha256: sum(bytes), of: 'stand-in' },
    })),
    parts: [{ name: 'stand-in', version: '1', licence: 'MIT' }],
    ...changes,
  };
}

export const smallContents: Contents = {
  'libcore.so.1': Buffer.alloc(200_000, 'core'),
  'libcudart.so.13': Buffer.alloc(100_000, 'runtime'),
};

/** Writes an archive as `npm run gpu:pack` does, and what a version of Screenfold would know of it. */
export async function writeArchive(
  folder: string,
  contents: Contents = smallContents,
  manifest: GpuPackManifest = manifestOver(contents),
): Promise<{ readonly archive: string; readonly bytes: Buffer; readonly offer: PackOffer }> {
  const archive = join(folder, 'screenfold-gpu-test.zip');
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(JSON.stringify(manifest)), manifestName);
  for (const [path, bytes] of Object.entries(contents)) zip.addBuffer(bytes, path);
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(archive));
  const bytes = readFileSync(archive);
  const of = { name: 'screenfold-gpu-test.zip', bytes: bytes.length, sha256: sum(bytes) };
  return { archive, bytes, offer: { address: null, archive: of, manifest } };
}
