import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { writeFileAtomic } from '../weights/atomic-file.ts';

/** Arrays of float32 by content key, on disk and, as far as the budget goes, in memory. */
export interface BlobCache {
  /** The array under that key, made by `make` where it was never stored. Callers must not change it. */
  get(key: string, make: () => Promise<Float32Array<ArrayBuffer>>): Promise<Float32Array<ArrayBuffer>>;
  has(key: string): boolean;
}

/** `folder` may be shared by runs at the same time: a file is written whole or not at all. Keys are hex digits. */
export function openBlobCache(folder: string, memoryBytes: number): BlobCache {
  const kept = new Map<string, Float32Array<ArrayBuffer>>();
  let used = 0;
  const keep = (key: string, array: Float32Array<ArrayBuffer>): void => {
    // Re-inserted, so that the map's order is that of last use.
    if (!kept.delete(key)) used += array.byteLength;
    kept.set(key, array);
    for (const [oldest, { byteLength }] of kept) {
      if (used <= memoryBytes || oldest === key) break;
      kept.delete(oldest);
      used -= byteLength;
    }
  };
  const read = async (path: string): Promise<Float32Array<ArrayBuffer> | null> => {
    try {
      const bytes = await readFile(path);
      return bytes.byteLength % 4 === 0 ? new Float32Array(new Uint8Array(bytes).buffer) : null;
    } catch {
      return null;
    }
  };
  return {
    has: (key) => kept.has(key),
    get: async (key, make) => {
      const path = join(folder, key.slice(0, 2), `${key}.f32`);
      let array = kept.get(key) ?? (await read(path));
      if (!array) {
        array = await make();
        await mkdir(dirname(path), { recursive: true });
        await writeFileAtomic(path, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      }
      keep(key, array);
      return array;
    },
  };
}
