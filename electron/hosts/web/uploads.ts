import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { Failure } from '../../../native/failure.ts';
import { isZipName } from '../../contract/file-kinds.ts';
import { isModelFile } from '../../contract/models.ts';
import { bytesText } from '../../contract/quantities.ts';
import { decodedSegments } from '../page-files.ts';

/** Larger than any picture and any archive's metadata; it bounds what one request can fill the disk with. */
export const largestUpload = 1024 * 1024 * 1024;

/** Models of a person's own, which the largest of those that are read here fit into. */
const largestModel = 16 * 1024 * 1024 * 1024;

/** How large a file of this name may be, where others may be as large as is said. */
export function limitOf(target: string, others: number): number {
  return isModelFile(target) || isZipName(target) ? Math.max(others, largestModel) : others;
}

const uploadId = /^[A-Za-z0-9-]{8,64}$/;

/** Where the file of `/uploads/<id>/<path>` comes to lie below `folder`; null where the path may not be one. */
export function uploadTarget(folder: string, urlPath: string): string | null {
  const segments = decodedSegments(urlPath);
  if (segments === null || segments.length < 3 || segments[0] !== 'uploads') return null;
  if (!uploadId.test(segments[1]!)) return null;
  return join(folder, ...segments.slice(1));
}

/**
 * Writes what comes to a file below `folder`, all of it or nothing: beside its place first, then renamed.
 * @throws Failure `upload-too-large`, `upload-refused`: a link leads elsewhere, or a file is where a folder belongs
 */
export async function receiveUpload(
  source: Readable,
  folder: string,
  target: string,
  limit: number,
): Promise<void> {
  await makeFolders(folder, dirname(target));
  // Hidden, and shorter than any name there may be.
  const beside = join(dirname(target), `.${randomBytes(6).toString('hex')}.part`);
  try {
    await pipeline(source, bounded(limit), createWriteStream(beside, { flags: 'wx', flush: true }));
    await rename(beside, target);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** Makes folders below one, going through folders alone: a link among them would lead out of it. */
async function makeFolders(below: string, folder: string): Promise<void> {
  let path = below;
  for (const name of relative(below, folder).split(sep)) {
    path = join(path, name);
    await mkdir(path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
    if ((await lstat(path)).isDirectory()) continue;
    throw new Failure(
      'upload-refused',
      `${path} is no folder, so that nothing can be put into it.`,
      'Remove it from the uploads of the library, and drop the files again.',
    );
  }
}

function bounded(limit: number): Transform {
  let bytes = 0;
  return new Transform({
    transform: (chunk: Buffer, _encoding, next) => {
      bytes += chunk.length;
      if (bytes <= limit) next(null, chunk);
      else next(tooLarge(limit));
    },
  });
}

export function tooLarge(limit: number): Failure {
  return new Failure(
    'upload-too-large',
    `A file is larger than the ${bytesText(limit)} that can be sent.`,
    'Put it on this machine in another way, and choose its folder.',
  );
}
