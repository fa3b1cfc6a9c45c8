import { readFile, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { z } from 'zod';

import { makeFolder, writeFileAtomic } from '../../../native/files/atomic-file.ts';

const broughtSchema = z.object({
  /** Of the download. */
  id: z.string(),
  folder: z.string(),
  /** With their bytes, as they came. */
  files: z.array(z.object({ path: z.string(), bytes: z.number() })),
});
/** A captioning model that came whole: what tells its folder from one of a person's own. */
export type Brought = z.output<typeof broughtSchema>;

/** Which captioning models this command brought, and where to. */
export interface BroughtCaptioners {
  readonly at: (folder: string) => Promise<Brought | null>;
  readonly note: (brought: Brought) => Promise<void>;
  readonly forget: (folder: string) => Promise<void>;
}

const listSchema = z.array(broughtSchema);

export function createBroughtCaptioners(configFolder: string): BroughtCaptioners {
  const file = join(configFolder, 'captioners.json');
  const all = async (): Promise<readonly Brought[]> => {
    try {
      return listSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    } catch {
      return [];
    }
  };
  const but = async (folder: string) => (await all()).filter((one) => one.folder !== folder);
  const write = async (list: readonly Brought[]) => {
    await makeFolder(configFolder);
    await writeFileAtomic(file, JSON.stringify(list, null, 2));
  };
  return {
    at: async (folder) => (await all()).find((one) => one.folder === folder) ?? null,
    note: async (brought) => write([...(await but(brought.folder)), brought]),
    forget: async (folder) => write(await but(folder)),
  };
}

const placeIn = (folder: string, path: string) => join(folder, ...path.split('/'));

/** Bytes of each of these files; null where it is not there. */
async function sizesOf(folder: string, paths: readonly string[]) {
  return Promise.all(
    paths.map(async (path) => {
      const found = await stat(placeIn(folder, path)).catch(() => null);
      return { path, bytes: found?.size ?? null };
    }),
  );
}

/** What a folder has of these files, all of them being there. */
export async function broughtOf(id: string, folder: string, paths: readonly string[]): Promise<Brought> {
  const sizes = await sizesOf(folder, paths);
  return { id, folder, files: sizes.map(({ path, bytes }) => ({ path, bytes: bytes ?? 0 })) };
}

/** How its files stand now: all as they came, all there but some of another size, or some gone. */
export async function stateOf({ folder, files }: Brought): Promise<'as it came' | 'changed' | 'incomplete'> {
  const now = await sizesOf(
    folder,
    files.map(({ path }) => path),
  );
  if (now.some(({ bytes }) => bytes === null)) return 'incomplete';
  return now.every(({ bytes }, index) => bytes === files[index]?.bytes) ? 'as it came' : 'changed';
}

/** Its files go, and the folders that they leave empty. */
export async function removeBrought({ folder, files }: Brought): Promise<void> {
  for (const { path } of files) await rm(placeIn(folder, path), { force: true });
  const folders = new Set([...files.map(({ path }) => dirname(placeIn(folder, path))), folder]);
  const deepestFirst = [...folders].sort((a, b) => b.length - a.length);
  for (const one of deepestFirst) await rmdir(one).catch(() => undefined);
}
