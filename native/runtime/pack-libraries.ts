import { join } from 'node:path';

import { Failure, messageOf } from '../failure.ts';
import { koffi } from './foreign-functions.ts';
import { findPack, type FoundPack } from './gpu-pack.ts';

/** Held, because koffi unloads a library that the garbage collector finds unused. */
const held: unknown[] = [];

/**
 * Opens a pack's libraries by their full paths, in the order in which they need each other. The provider, which asks for them by
 * name alone, then finds them open, and nobody has to set a search path.
 * @throws Failure `gpu-pack-broken`
 */
export function openPackLibraries(
  { folder, manifest, fault }: FoundPack,
  open: (path: string) => unknown = (path) => koffi.load(path),
  path: { readonly join: (...parts: string[]) => string } = { join },
): void {
  if (fault !== null) throw broken(fault);
  for (const name of manifest.load) {
    try {
      held.push(open(path.join(folder, name)));
    } catch (error) {
      throw broken(`${name} cannot be opened: ${messageOf(error)}`, error);
    }
  }
}

function broken(why: string, cause?: unknown): Failure {
  return new Failure(
    'gpu-pack-broken',
    `The GPU pack is broken: ${why}`,
    'Repair it in the settings, under Device.',
    cause,
  );
}

let opened: string | null | undefined;

/**
 * The ONNX Runtime that CUDA goes by: the pack's own, its libraries open, or null where there is no pack and CUDA has to lie
 * beside the usual one.
 * @throws Failure `gpu-pack-broken`
 */
export function cudaCore(find: () => FoundPack | null = () => findPack()): string | null {
  if (opened !== undefined) return opened;
  const pack = find();
  if (pack !== null) openPackLibraries(pack);
  opened = pack === null ? null : join(pack.folder, pack.manifest.core);
  return opened;
}
