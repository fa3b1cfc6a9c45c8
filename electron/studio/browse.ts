import { readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { isModelFile } from '../../native/facts/model-formats.ts';
import { Failure, messageOf } from '../../native/failure.ts';
import { exists } from '../../native/files/exists.ts';
import { obstacleOf } from '../../native/files/obstacle.ts';
import type { FolderListing } from '../contract/system.ts';

export interface BrowseSurroundings {
  readonly home: string;
  readonly platform: NodeJS.Platform;
}

const imageName = /\.(png|jpe?g|webp|bmp|gif|avif|tiff?)$/i;
/** As many entries are listed; folders come first, so that one can go on to wherever one wants. */
const mostEntries = 2000;

/** What lies in a folder, for choosing one where the platform's own dialog is not to be had. Hidden things are left out. */
export async function browse(
  folder: string | null,
  { home, platform }: BrowseSurroundings,
): Promise<FolderListing> {
  const at = resolve(folder ?? home);
  const found = await readdir(at, { withFileTypes: true }).catch((error: unknown) => {
    throw notReadable(at, error);
  });
  const visible = found.filter(({ name }) => !name.startsWith('.'));
  const kinds = await Promise.all(
    visible.map(async (entry) => ({ name: entry.name, isFolder: await isFolder(at, entry) })),
  );
  const compare = new Intl.Collator('en', { numeric: true }).compare;
  kinds.sort((a, b) => Number(b.isFolder) - Number(a.isFolder) || compare(a.name, b.name));
  const entries = await Promise.all(
    kinds.slice(0, mostEntries).map(async ({ name, isFolder: folderHere }) => {
      const entry = join(at, name);
      return { name, path: entry, kind: await kindOf(entry, folderHere) };
    }),
  );
  const parent = dirname(at);
  return {
    folder: at,
    parent: parent === at ? null : parent,
    entries,
    shortcuts: await shortcuts(home, platform),
    images: kinds.filter((entry) => !entry.isFolder && imageName.test(entry.name)).length,
  };
}

type EntryKind = FolderListing['entries'][number]['kind'];

async function kindOf(entry: string, isFolderHere: boolean): Promise<EntryKind> {
  if (!isFolderHere) return isModelFile(entry) ? 'model-file' : imageName.test(entry) ? 'image' : 'file';
  return (await exists(join(entry, 'model_index.json'))) ? 'model' : 'folder';
}

async function isFolder(
  at: string,
  entry: { readonly name: string; isDirectory(): boolean; isSymbolicLink(): boolean },
): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const target = await stat(join(at, entry.name)).catch(() => null);
  return target?.isDirectory() ?? false;
}

async function shortcuts(home: string, platform: NodeJS.Platform): Promise<FolderListing['shortcuts']> {
  const wanted = [
    { name: 'Home', path: home },
    ...['Desktop', 'Documents', 'Downloads', 'Pictures'].map((name) => ({
      name,
      path: join(home, name),
    })),
    ...roots(platform),
  ];
  const there = await Promise.all(wanted.map((place) => exists(place.path)));
  return wanted.filter((_, at) => there[at]);
}

function roots(platform: NodeJS.Platform): readonly { readonly name: string; readonly path: string }[] {
  if (platform !== 'win32') return [{ name: 'Computer', path: '/' }];
  return Array.from({ length: 24 }, (_, at) => `${String.fromCharCode(67 + at)}:`).map((drive) => ({
    name: drive,
    path: `${drive}\\`,
  }));
}

function notReadable(folder: string, error: unknown): Failure {
  const { reason, hint } = obstacleOf(error, 'folder') ?? {
    reason: messageOf(error),
    hint: 'Choose another folder.',
  };
  return new Failure('folder-unreadable', `${folder} cannot be listed: ${reason}.`, hint, error);
}
