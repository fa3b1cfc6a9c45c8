import { type Dirent } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { partialName } from '../../native/files/atomic-file.ts';
import type { Library, Log } from './library.ts';
import { removeMarked } from './partial-folder.ts';
import { isModelFolder, removeUnmarked } from './unmarked-leftover.ts';

/** Of a run's own files: an engine that outlived the studio by a step may be writing others. */
const halfRunFile = /^(run\.lock|run\.json|outcome\.json)\.partial-/;

/**
 * Removes what was half made when Screenfold last ended, and what a browser sent that was never imported. Only for a library
 * that nobody else has open, before anything is written to it.
 */
export async function clearLeftovers(library: Library, log: Log): Promise<void> {
  const { exports, runs } = library.paths;
  const clear = async (folder: string, isLeft: (entry: Dirent) => boolean): Promise<void> => {
    for (const entry of await entriesOf(folder)) {
      if (!isLeft(entry)) continue;
      const path = join(folder, entry.name);
      try {
        await rm(path, { recursive: true, force: true });
        log.info('Removed what was left half-made', path);
      } catch (error) {
        log.warn('What was left half-made could not be removed', error);
      }
    }
  };
  const clearExports = async (folder: string): Promise<void> => {
    await clear(folder, (entry) => partialName.test(entry.name) && isOfExport(folder, entry));
    for (const { name } of await entriesOf(folder)) {
      const path = join(folder, name);
      if (removeMarked(path) || removeUnmarked(path)) log.info('Removed what was left half-made', path);
    }
  };
  await clearExports(exports);
  for (const run of await entriesOf(runs)) {
    if (!run.isDirectory()) continue;
    await clear(join(runs, run.name), ({ name }) => halfRunFile.test(name));
    await clearExports(join(runs, run.name, 'exports'));
  }
  const wanted = await wantedUploads(library);
  await clear(library.paths.uploads, ({ name }) => !wanted(name));
}

function isOfExport(folder: string, entry: Dirent): boolean {
  return entry.isFile() || (entry.isDirectory() && isModelFolder(join(folder, entry.name)));
}

/**
 * Whether an upload was imported, or a run was made of it. Told by its name, which is its own: the library may have been
 * moved, and the paths in it with it.
 */
async function wantedUploads({ database, paths }: Library): Promise<(upload: string) => boolean> {
  const uploads = await entriesOf(paths.uploads);
  if (uploads.length === 0) return () => true;
  const texts = database.prepare<[], string>('SELECT root FROM dataset_source').pluck().all();
  const imported = new Set(texts.flatMap((root) => root.split(/[\\/]/)));
  const others = uploads.filter(({ name }) => !imported.has(name));
  if (others.length > 0) {
    for (const run of await entriesOf(paths.runs)) {
      const file = await readFile(join(paths.runs, run.name, 'run.json'), 'utf8').catch(() => '');
      for (const { name } of others) if (file.includes(name)) imported.add(name);
    }
  }
  return (upload) => imported.has(upload);
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch(() => []);
}
