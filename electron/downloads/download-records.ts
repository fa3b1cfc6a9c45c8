import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { writeFileAtomic } from '../../native/files/atomic-file.ts';
import { downloadSchema } from '../contract/downloads.ts';

/**
 * A download as it outlives the program: a small file beside what comes, so that it goes where the library goes. Of the token it
 * knows nothing.
 */
const recordSchema = z.object({
  id: downloadSchema.shape.id,
  kind: downloadSchema.shape.kind,
  title: z.string(),
  address: z.string(),
  /** In the folder of downloads: the file, or the folder of several. */
  fileName: z.string().regex(/^[^/\\]+$/),
  sha256: z.string().nullable(),
  bytes: z.number().nullable(),
  /** Where it is several files: which, and where in the folder each comes to lie. */
  files: z
    .array(
      z.object({
        path: z.string().regex(/^(?!.*(?:^|\/)\.\.?(?:\/|$))[^\\/]+(?:\/[^\\/]+)*$/),
        address: z.string(),
        bytes: z.number().nullable(),
      }),
    )
    .min(1)
    .optional(),
  createdAt: z.number(),
});
export type DownloadRecord = z.output<typeof recordSchema>;

export interface DownloadRecords {
  /** Oldest first; what cannot be read is left out. */
  readonly all: () => Promise<readonly DownloadRecord[]>;
  readonly find: (id: string) => Promise<DownloadRecord | null>;
  readonly write: (record: DownloadRecord) => Promise<void>;
  readonly remove: (id: string) => Promise<void>;
  readonly fileOf: (record: Pick<DownloadRecord, 'fileName'>) => string;
}

const ending = '.download.json';

export function createDownloadRecords(folder: string): DownloadRecords {
  const pathOf = (id: string) => join(folder, `${id}${ending}`);
  const read = async (path: string): Promise<DownloadRecord | null> => {
    const text = await readFile(path, 'utf8').catch(() => '');
    try {
      return recordSchema.parse(JSON.parse(text));
    } catch {
      return null;
    }
  };
  return {
    all: async () => {
      const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(ending));
      const records = await Promise.all(names.map((name) => read(join(folder, name))));
      return records.filter((record) => record !== null).sort((a, b) => a.createdAt - b.createdAt);
    },
    find: (id) => read(pathOf(id)),
    write: (record) => writeFileAtomic(pathOf(record.id), JSON.stringify(record, null, 2)),
    remove: (id) => rm(pathOf(id), { force: true }),
    fileOf: ({ fileName }) => join(folder, fileName),
  };
}
