/**
 * The GPU pack: ONNX Runtime's CUDA provider and NVIDIA's libraries it needs, as `npm run gpu:pack` collects them, each pack in
 * a folder of its own named after its content. What is here only looks; nothing is loaded.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

import { z } from 'zod';

import { Failure } from '../failure.ts';
import type { NvidiaGpu } from './nvidia-smi.ts';

const name = z.string().regex(/^(?!\.+$)[\w.+-]+$/);

export const manifestSchema = z.object({
  format: z.literal(1),
  platform: z.enum(['linux', 'win32']),
  arch: z.enum(['x64']),
  /** The very version that Screenfold computes by. */
  onnxRuntime: z.string(),
  /** Major version of CUDA. */
  cuda: z.int(),
  /** Major version of NVIDIA's driver. */
  leastDriver: z.int(),
  /** Of cards there is machine code for: `8.6` serves 8.6 and 8.9, not 9.0. */
  computeCapabilities: z.array(z.string().regex(/^\d+\.\d+$/)),
  /** ONNX Runtime itself, beside which its provider lies. */
  core: name,
  /** Libraries to open before the provider is, in this order. */
  load: z.array(name),
  files: z
    .array(
      z.object({
        path: name,
        bytes: z.int().min(0),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        of: z.string(),
      }),
    )
    .max(200),
  /** What it is made of. */
  parts: z.array(z.object({ name: z.string(), version: z.string(), licence: z.string() })),
});
export type GpuPackManifest = z.output<typeof manifestSchema>;

/** What a pack asks of a card and its driver. */
export type PackNeeds = Pick<GpuPackManifest, 'cuda' | 'leastDriver' | 'computeCapabilities'>;

/** Of packs of this version: machine code as ONNX Runtime's wheel has it (see docs/gpu-pack.md), the driver by NVIDIA's release notes. */
export const packNeeds: PackNeeds = {
  cuda: 13,
  leastDriver: 580,
  computeCapabilities: ['7.5', '8.0', '8.6', '8.9', '9.0', '12.0'],
};

export type { NvidiaGpu };

export const manifestName = 'manifest.json';

/** The name of a pack's folder: another one whenever any of its files is another. */
export function packIdOf({ platform, arch, onnxRuntime, files }: GpuPackManifest): string {
  const content = [...files].map(({ path, sha256 }) => `${path} ${sha256}`).sort();
  const hash = createHash('sha256').update([platform, arch, onnxRuntime, ...content].join('\n'));
  return `${onnxRuntime}-${hash.digest('hex').slice(0, 24)}`;
}

export interface PackSurroundings {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly home: string;
}

/** Where a user's packs lie, for every version of Screenfold; `SCREENFOLD_GPU_PACKS` overrules it. */
export function packsFolder({
  platform = process.platform,
  environment = process.env,
  home = homedir(),
}: Partial<PackSurroundings> = {}): string {
  const { SCREENFOLD_GPU_PACKS, LOCALAPPDATA, XDG_DATA_HOME } = environment;
  if (SCREENFOLD_GPU_PACKS) return resolve(SCREENFOLD_GPU_PACKS);
  if (platform === 'win32')
    return join(LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'Screenfold', 'GPU packs');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Screenfold', 'GPU packs');
  const data = XDG_DATA_HOME && isAbsolute(XDG_DATA_HOME) ? XDG_DATA_HOME : join(home, '.local', 'share');
  return join(data, 'screenfold-gpu');
}

/** The version of ONNX Runtime that Screenfold comes with. */
export function ownOnnxRuntime(): string {
  return (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version;
}

export interface FoundPack {
  readonly folder: string;
  readonly manifest: GpuPackManifest;
  /** Why it cannot be used; null where all of its files are there, in their lengths. */
  readonly fault: string | null;
}

export interface PackWanted {
  readonly onnxRuntime: string;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
}

export const packWantedHere = (): PackWanted => ({
  onnxRuntime: ownOnnxRuntime(),
  platform: process.platform,
  arch: process.arch,
});

/** The pack for this machine and this version among those in a folder, a whole one before a broken one. */
export function findPack(
  packs: string = packsFolder(),
  wanted: PackWanted = packWantedHere(),
): FoundPack | null {
  const found = foldersIn(packs)
    .map((folder) => readPack(folder))
    .filter((pack) => pack !== null && isWanted(pack.manifest, wanted)) as readonly FoundPack[];
  return found.find(({ fault }) => fault === null) ?? found[0] ?? null;
}

export function isWanted({ onnxRuntime, platform, arch }: GpuPackManifest, wanted: PackWanted): boolean {
  return onnxRuntime === wanted.onnxRuntime && platform === wanted.platform && arch === wanted.arch;
}

function foldersIn(packs: string): readonly string[] {
  try {
    // What is half unpacked has another ending.
    const entries = readdirSync(packs, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.includes('.partial-'))
      .map((entry) => join(packs, entry.name))
      .sort();
  } catch {
    return [];
  }
}

function readPack(folder: string): FoundPack | null {
  const manifest = parseManifest(readOr(join(folder, manifestName)));
  if (manifest === null) return null;
  const broken = manifest.files.find(({ path, bytes }) => sizeOf(join(folder, path)) !== bytes);
  return { folder, manifest, fault: broken === undefined ? null : `${broken.path} is missing or cut short` };
}

/** Null for what is no manifest of a kind that this version knows. */
export function parseManifest(text: string): GpuPackManifest | null {
  try {
    const manifest = manifestSchema.parse(JSON.parse(text));
    const paths = new Set(manifest.files.map(({ path }) => path));
    const isWhole = [manifest.core, ...manifest.load].every((path) => paths.has(path));
    return isWhole && !paths.has(manifestName) ? manifest : null;
  } catch {
    return null;
  }
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Null where it is not there, or may not be looked at. */
function sizeOf(file: string): number | null {
  try {
    return statSync(file).size;
  } catch {
    return null;
  }
}

/** Why a pack would be of no use on a machine with these cards; null where one of them can compute by it. */
export function packRefusal(
  gpus: readonly Pick<NvidiaGpu, 'name' | 'driver' | 'computeCapability'>[],
  needs: PackNeeds,
): Failure | null {
  const unfit = cardRefusal(gpus, needs);
  if (unfit !== null) return unfit;
  const { leastDriver, cuda } = needs;
  const version = gpus[0]!.driver;
  if (Number.parseInt(version, 10) >= leastDriver) return null;
  return new Failure(
    'gpu-driver-old',
    `NVIDIA’s driver is version ${version}; CUDA ${cuda} needs ${leastDriver} or newer.`,
    'Install a newer driver from NVIDIA, and look again.',
  );
}

/** Why a pack has no code for any of these cards, whatever their driver; null where it has. */
export function cardRefusal(
  gpus: readonly Pick<NvidiaGpu, 'name' | 'computeCapability'>[],
  { computeCapabilities, cuda }: Pick<PackNeeds, 'cuda' | 'computeCapabilities'>,
): Failure | null {
  const [first] = gpus;
  if (first === undefined) {
    return new Failure(
      'gpu-missing',
      'There is no NVIDIA GPU on this machine, or its driver is not installed.',
      'Install NVIDIA’s driver, and look again.',
    );
  }
  if (gpus.some(({ computeCapability }) => isServed(computeCapability, computeCapabilities))) return null;
  const least = computeCapabilities[0] ?? '';
  return new Failure(
    'gpu-not-served',
    `CUDA ${cuda} has no code for the ${first.name} (compute capability ${first.computeCapability ?? 'unknown'}).`,
    `It works on cards of ${least} and newer families, such as GeForce GTX 16, RTX 20 and later. WebGPU and the processor still work.`,
  );
}

/** Code for a card serves those of its family that came later. An old driver does not say which family. */
function isServed(card: string | null, codes: readonly string[]): boolean {
  if (card === null) return true;
  const [family, model] = card.split('.').map(Number);
  return codes.some((code) => {
    const [ofFamily, least = 0] = code.split('.').map(Number);
    return ofFamily === family && least <= (model ?? 0);
  });
}
