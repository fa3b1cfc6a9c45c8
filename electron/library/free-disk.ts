import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Bytes a person may still write on the disk of a folder, or of the nearest above it that is there. */
export async function freeOn(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if (dirname(folder) === folder) throw error;
    return freeOn(dirname(folder));
  }
}
