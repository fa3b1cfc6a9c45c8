import { rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { makeFolder } from '../../native/files/atomic-file.ts';
import { exists } from '../../native/files/exists.ts';
import { download, type DownloadDeps, type DownloadRequest } from './download.ts';
import type { DownloadRecord } from './download-records.ts';
import { ofFile } from './failures.ts';
import { discardPart, keepToken, readState } from './part-file.ts';

/** What is fetched for a download: one file, or those of a folder. */
export interface Parts {
  readonly place: string;
  readonly isFolder: boolean;
  readonly requests: readonly Omit<DownloadRequest, 'token'>[];
}

/** @param place where it comes to lie */
export function partsOf(
  {
    kind,
    address,
    sha256,
    bytes,
    files,
  }: Pick<DownloadRecord, 'kind' | 'address' | 'sha256' | 'bytes' | 'files'>,
  place: string,
): Parts {
  if (files === undefined) {
    const of = { address: new URL(address), sha256, bytes };
    return { place, isFolder: false, requests: [{ ...of, file: place, isModel: kind === 'base' }] };
  }
  const requests = files.map(({ path, ...of }) => ({
    ...{ address: new URL(of.address), bytes: of.bytes, sha256: null },
    file: join(place, ...path.split('/')),
  }));
  return { place, isFolder: true, requests };
}

/** Whether a file has come. In a folder of several, one of another length is not what was to come under its name. */
async function isWhole(
  { file, bytes }: Pick<DownloadRequest, 'file' | 'bytes'>,
  isFolder: boolean,
): Promise<boolean> {
  if (!isFolder || bytes === null) return exists(file);
  return (await stat(file).catch(() => null))?.size === bytes;
}

const nameIn = (place: string, file: string) => relative(place, file).replaceAll('\\', '/');

/** How much of it is there, whole files and parts of them. */
export async function standing({ requests, isFolder }: Parts) {
  const each = await Promise.all(
    requests.map(async ({ file, address, sha256, bytes }) => {
      const state = await readState(file, { address: address.href, sha256 });
      const [isThere, total] = [await isWhole({ file, bytes }, isFolder), bytes ?? state.total];
      return { isThere, total, done: isThere ? (total ?? 0) : state.kept };
    }),
  );
  return {
    isThere: each.every(({ isThere }) => isThere),
    done: each.reduce((sum, { done }) => sum + done, 0),
    total: each.reduce<number | null>(
      (sum, { total }) => (sum === null || total === null ? null : sum + total),
      0,
    ),
  };
}

/**
 * Fetches what is not there yet, one file after the other; each gets its name when it is whole and right, so that a kill costs
 * none of those that came before.
 * @throws Failure as `download`
 */
export async function fetchParts(
  parts: Parts,
  token: string | null,
  { onProgress, ...deps }: DownloadDeps,
): Promise<void> {
  const { place, isFolder, requests } = parts;
  if (isFolder) {
    // For files whose turn has not come when it is paused.
    await makeFolder(dirname(place));
    await keepToken(place, token);
  }
  const { total } = await standing(parts);
  for (const request of requests) {
    if (await isWhole(request, isFolder)) continue;
    const { done: before } = await standing({
      ...parts,
      requests: requests.filter((one) => one !== request),
    });
    await download(
      { ...request, token },
      {
        ...deps,
        onProgress: (said) => {
          if (said.phase === 'waiting' || !isFolder) onProgress?.(said);
          // Each file is checked as it comes; all of them are what is told of.
          else if (said.phase === 'downloading') onProgress?.({ ...said, done: before + said.done, total });
        },
      },
    ).catch((error: unknown) => {
      throw isFolder ? ofFile(error, nameIn(place, request.file)) : error;
    });
  }
  if (isFolder) await discardPart(place);
}

/** Whatever of it has not come to its end. */
export async function discardParts({ place, isFolder, requests }: Parts): Promise<void> {
  await discardPart(place);
  if (!isFolder) return;
  for (const { file } of requests) {
    await discardPart(file);
    await rm(`${file}.part.lock`, { force: true });
  }
}
