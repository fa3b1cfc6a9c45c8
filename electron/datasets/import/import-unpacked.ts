import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { isZipName } from '../../contract/file-kinds.ts';
import { unpackArchive } from '../files/unpack-archive.ts';
import { type ImportRequest, uploadFolder } from './add-dataset.ts';

/**
 * Imports a request with the zip archives in it unpacked into a folder of uploads, where what is in them goes when the data
 * set does. What was sent is moved there or removed; an archive that lies elsewhere stays.
 * @throws Failure those of `unpackArchive`, `upload-unknown` and of `take`; nothing is left then
 */
export async function importUnpacked<T>(
  uploads: string,
  request: ImportRequest,
  take: (request: ImportRequest) => Promise<T>,
): Promise<T> {
  const sent = request.uploadId === null ? null : await uploadFolder(uploads, request.uploadId);
  const within = sent === null ? [] : (await readdir(sent)).map((name) => join(sent, name));
  const archives = await archivesAmong([...within, ...request.paths]);
  if (archives.length === 0) return take(request);
  const uploadId = randomUUID();
  const folder = join(uploads, uploadId);
  try {
    await mkdir(folder, { recursive: true });
    for (const [archive, name] of namesOf(archives)) await unpackArchive(archive, join(folder, name));
    for (const path of within) if (!archives.includes(path)) await rename(path, join(folder, basename(path)));
    return await take({
      ...{ ...request, uploadId },
      paths: request.paths.filter((path) => !archives.includes(path)),
    });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  } finally {
    if (sent !== null) await rm(sent, { recursive: true, force: true });
  }
}

/** A folder may be called so, too. */
async function archivesAmong(paths: readonly string[]): Promise<readonly string[]> {
  const archives: string[] = [];
  for (const path of paths.filter(isZipName)) {
    const found = await stat(path).catch(() => null);
    if (found?.isDirectory() !== true) archives.push(path);
  }
  return archives;
}

/** What archives are called, without their ending; numbered where another is called so. */
function namesOf(archives: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const archive of archives) {
    const stem =
      basename(archive)
        .replace(/\.zip$/i, '')
        .replace(/^\.+/, '') || 'archive';
    let name = stem;
    for (let count = 2; taken.has(name.toLowerCase()); count++) name = `${stem} ${count}`;
    taken.add(name.toLowerCase());
    names.set(archive, name);
  }
  return names;
}
