import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { WantedFile } from './captioner-files.ts';
import type { DownloadRecord } from './download-records.ts';
import { discardPart } from './part-file.ts';

/**
 * The same download from another address. What has come whole stays where the file there has the same name and as many bytes;
 * what is another file there is fetched anew.
 * @param folder where its files come to lie
 */
export async function movedTo(
  before: DownloadRecord,
  { address, files }: { readonly address: string; readonly files: readonly WantedFile[] },
  folder: string,
): Promise<DownloadRecord> {
  for (const { path, bytes } of before.files ?? []) {
    const next = files.find((one) => one.path === path);
    if (bytes !== null && next?.bytes === bytes) continue;
    const file = join(folder, ...path.split('/'));
    await discardPart(file);
    await rm(file, { force: true });
  }
  return { ...before, address, files: [...files] };
}
