import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { classImagesName } from '../../native/facts/run-folder.ts';
import { Failure } from '../../native/failure.ts';
import { shownType } from '../library/shown-type.ts';
import type { Run } from './run-folder.ts';

/** A file of the cache, never above it. */
const listSchema = z.object({
  formatVersion: z.literal(1),
  files: z.array(z.string().regex(/^class-images\/[0-9a-f]+\/\d+\.png$/)),
});

/** The class images that a run is trained on; none as long as the base has not made them. */
export async function classImageFiles({ folder, job }: Run): Promise<readonly string[]> {
  const { prior, cacheFolder } = job;
  if (prior === undefined) return [];
  if (prior.making === undefined) return [...new Set(prior.images.map(({ path }) => path))];
  try {
    const text = await readFile(join(folder, `${classImagesName}.json`), 'utf8');
    return listSchema.parse(JSON.parse(text)).files.map((file) => join(cacheFolder, file));
  } catch {
    return [];
  }
}

/** A file and what it is, for whoever shows it. */
export interface ShownFile {
  readonly file: string;
  readonly contentType: string;
}

/** @throws Failure `image-unknown` where there is none of that number, or no browser shows it */
export async function classImageOf(run: Run, number: number): Promise<ShownFile> {
  const file = (await classImageFiles(run))[number];
  const contentType = file === undefined ? null : await shownType(file).catch(() => null);
  if (file !== undefined && contentType !== null) return { file, contentType };
  throw new Failure(
    'image-unknown',
    'This class image is not there, or cannot be shown.',
    'Look into the folder they were taken from.',
  );
}
