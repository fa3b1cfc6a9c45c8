import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { isZipName } from '../../contract/file-kinds.ts';
import { unpackArchive } from '../files/unpack-archive.ts';
import { type ImportRequest, uploadFolder } from './add-dataset.ts';

/**
 * The same request with the zip archives in it unpacked into a folder of uploads, where what is in them goes when the data
 * set does. An archive that was sent is removed then; one that lies elsewhere stays.
 * @throws Failure those of `unpackArchive`, `upload-unknown`; nothing is left then
 */
export async function unpackGiven(uploads: string, request: ImportRequest): Promise<ImportRequest> {
  const sent = request.uploadId === null ? null : await uploadFolder(uploads, request.uploadId);
  const within = sent === null ? [] : (await readdir(sent)).map((name) => join(sent, name));
  const archives = [...within, ...request.paths].filter(isZipName);
  const uploadId = randomUUID();
  const folder = join(uploads, uploadId);
  try {
    await mkdir(folder, { recursive: true });
    for (const [place, archive] of archives.entries())
      await unpackArchive(archive, join(folder, freeStem(archives, place)));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  } finally {
    if (sent !== null) await rm(sent, { recursive: true, force: true });
  }
  return { ...request, uploadId, paths: request.paths.filter((path) => !isZipName(path)) };
}

/** What an archive is called, without its ending; numbered where one before it is called so. */
function freeStem(archives: readonly string[], place: number): string {
  const stems = archives.map((archive) => basename(archive).replace(/\.zip$/i, ''));
  const before = stems.slice(0, place).filter((stem) => stem.toLowerCase() === stems[place]!.toLowerCase());
  return before.length === 0 ? stems[place]! : `${stems[place]!} ${before.length + 1}`;
}
