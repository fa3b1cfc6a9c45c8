import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of a file, or of all files in a folder. What is removed meanwhile is not counted. */
export async function bytesOnDisk(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory() !== true) return found?.size ?? 0;
  let bytes = 0;
  for (const name of await readdir(path, { recursive: true }).catch(() => [])) {
    const entry = await stat(join(path, name)).catch(() => null);
    if (entry?.isFile() === true) bytes += entry.size;
  }
  return bytes;
}
