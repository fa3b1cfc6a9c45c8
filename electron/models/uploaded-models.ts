import { readdir, rename, rm } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';

import { modelNameOf } from '../../native/facts/model-formats.ts';
import { readLacking } from '../../native/families/read-facts.ts';
import { freePath } from '../exports/place-export.ts';
import { fileNameOf } from '../library/file-name.ts';
import type { Library } from '../library/library.ts';
import type { ModelRecords } from './model-records.ts';
import { findAt } from './noted-models.ts';

/**
 * Files of models that a browser sent become the library's, to be added by their paths. What is no model goes with the upload.
 * @throws Failure what each of them is instead
 */
export async function takeUploaded(uploadId: string, { paths }: Library): Promise<readonly string[]> {
  const sent = join(paths.uploads, uploadId);
  try {
    const names = (await readdir(sent)).sort();
    // Looked into before any is taken.
    for (const name of names) await readLacking(join(sent, name));
    const taken: string[] = [];
    for (const name of names) {
      const place = await freePath(paths.models, fileNameOf(modelNameOf(name)), extname(name));
      await rename(join(sent, name), place);
      taken.push(place);
    }
    return taken;
  } finally {
    await rm(sent, { recursive: true, force: true });
  }
}

/** Deletes a file that a browser sent and that became no model. Whatever is asked, nothing else is deleted. */
export async function discardUploaded(path: string, library: Library, records: ModelRecords): Promise<void> {
  if (dirname(path) !== library.paths.models || (await findAt(path, records)) !== null) return;
  await rm(path, { force: true });
}
