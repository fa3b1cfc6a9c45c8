import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { z } from 'zod';

import { makeFolder, writeFailure, writeFileAtomic } from '../../native/files/atomic-file.ts';
import { nothingYet, type PartState } from './part-plan.ts';

/** What lies beside a file that comes. */
export function partPaths(file: string) {
  const part = `${file}.part`;
  return { part, state: `${part}.json`, token: `${part}.token`, lock: `${part}.lock` } as const;
}

const stateSchema = z.object({
  address: z.string(),
  sha256: z.string().nullable(),
  kept: z.int().min(0),
  total: z.int().min(0).nullable(),
  etag: z.string().nullable(),
});

/** What a part is of: another address or another sum is another file. */
export interface PartOf {
  readonly address: string;
  readonly sha256: string | null;
}

/** What is known of a part; nothing where it is of another file, or cannot be read. */
export async function readState(file: string, { address, sha256 }: PartOf): Promise<PartState> {
  const text = await readFile(partPaths(file).state, 'utf8').catch(() => '');
  const parsed = stateSchema.safeParse(parsedOr(text));
  if (!parsed.success) return nothingYet;
  const { kept, total, etag, ...of } = parsed.data;
  // The same sum is the same file, whatever mirror it comes from; its tag is that mirror's alone.
  if (sha256 !== null && of.sha256 === sha256)
    return { kept, total, etag: of.address === address ? etag : null };
  return of.address === address && of.sha256 === sha256 ? { kept, total, etag } : nothingYet;
}

export async function writeState(file: string, of: PartOf, state: PartState): Promise<void> {
  await writeFileAtomic(partPaths(file).state, JSON.stringify({ ...of, ...state }));
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A token lies in a file of its own, which nobody else may read, and goes with the part. */
export async function keepToken(file: string, token: string | null): Promise<void> {
  const path = partPaths(file).token;
  await rm(path, { force: true });
  if (token !== null) await writeFile(path, token, { mode: 0o600, flag: 'wx' });
}

export async function keptToken(file: string): Promise<string | null> {
  return readFile(partPaths(file).token, 'utf8').catch(() => null);
}

/** The part, cut to what of it is certain, and how much that is. */
export async function openPart(
  file: string,
  kept: number,
): Promise<{ readonly handle: FileHandle; readonly kept: number }> {
  const { part } = partPaths(file);
  await makeFolder(dirname(file));
  try {
    const handle = await open(part, 'a').then(async (made) => {
      await made.close();
      return open(part, 'r+');
    });
    const { size } = await handle.stat();
    const certain = Math.min(kept, size);
    await handle.truncate(certain);
    return { handle, kept: certain };
  } catch (error) {
    throw writeFailure(part, error);
  }
}

/** SHA-256 of a file as the disk has it, in hexadecimal. */
export async function hashOf(
  path: string,
  signal: AbortSignal,
  onProgress: (done: number) => void = () => undefined,
): Promise<string> {
  const hash = createHash('sha256');
  let done = 0;
  for await (const chunk of createReadStream(path, {
    highWaterMark: 1 << 20,
    signal,
  }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    onProgress((done += chunk.length));
  }
  return hash.digest('hex');
}

/** The part becomes the file, and what lay beside it goes. */
export async function finishPart(file: string): Promise<void> {
  const { part } = partPaths(file);
  try {
    await rename(part, file);
    await syncFolder(dirname(file));
  } catch (error) {
    throw writeFailure(file, error);
  }
  await discardPart(file);
}

export async function discardPart(file: string): Promise<void> {
  const { part, state, token } = partPaths(file);
  for (const path of [part, state, token]) await rm(path, { force: true });
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
