import { open } from 'node:fs/promises';

/** Whether a HEIF file's pictures are compressed by HEVC (HEIC), which libvips as sharp ships it cannot decode. */
export function isHevc(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  return text.slice(4, 8) === 'ftyp' && /^(?:hei[cxms]|hev[cxms])$/.test(text.slice(8));
}

/** The same of a file; false where it cannot be read. */
export async function isHevcFile(path: string): Promise<boolean> {
  try {
    const file = await open(path);
    try {
      const start = new Uint8Array(12);
      await file.read(start, 0, start.length, 0);
      return isHevc(start);
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}
