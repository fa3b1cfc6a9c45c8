import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { LRUCache } from 'lru-cache';

import { makeFolder, writeFileAtomic } from '../files/atomic-file.ts';

/** What a key stands for. */
export interface Blob {
  /** Hex digits that no other content has. */
  readonly key: string;
  /** Numbers it holds; a file of another length is damaged, and made again. */
  readonly length: number;
}

/** Arrays of float32 by content key, on disk and, as far as the budget goes, in memory. */
export interface BlobCache {
  /** The array of that key, made by `make` where it is not stored. Callers must not change it. */
  get(blob: Blob, make: () => Promise<Float32Array<ArrayBuffer>>): Promise<Float32Array<ArrayBuffer>>;
}

/** `folder` may be shared by runs at the same time: a file is written whole or not at all. */
export function openBlobCache(folder: string, memoryBytes: number): BlobCache {
  const kept = new LRUCache<string, Float32Array<ArrayBuffer>>({
    maxSize: Math.max(1, memoryBytes),
    sizeCalculation: ({ byteLength }) => Math.max(1, byteLength),
  });
  return {
    get: async ({ key, length }, make) => {
      const path = join(folder, key.slice(0, 2), `${key}.f32`);
      let array = kept.get(key) ?? (await read(path, length));
      if (!array) {
        array = await make();
        if (array.length !== length) throw new Error(`${key} has ${array.length} numbers, not ${length}.`);
        await makeFolder(dirname(path));
        await writeFileAtomic(path, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      }
      kept.set(key, array);
      return array;
    },
  };
}

async function read(path: string, length: number): Promise<Float32Array<ArrayBuffer> | null> {
  try {
    const bytes = await readFile(path);
    return bytes.byteLength === 4 * length ? new Float32Array(new Uint8Array(bytes).buffer) : null;
  } catch {
    return null;
  }
}
