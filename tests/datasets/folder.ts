import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import sharp from 'sharp';

/** A small picture as PNG bytes; different numbers give different pictures. */
export async function picture(number = 0, width = 12, height = 8): Promise<Buffer> {
  const background = { r: (number * 53) % 256, g: (number * 101) % 256, b: (number * 197) % 256 };
  return await sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();
}

/** Writes files by relative path; `null` stands for a small picture. */
export async function fill(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array | null>>,
): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content ?? (await picture()));
  }
  return folder;
}
