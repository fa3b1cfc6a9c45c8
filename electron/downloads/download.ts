import type { FileHandle } from 'node:fs/promises';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { Failure } from '../../native/failure.ts';
import { makeFolder, writeFailure } from '../../native/files/atomic-file.ts';
import { exists } from '../../native/files/exists.ts';
import { lockFile } from '../../native/files/process-lock.ts';
import { freeOn } from '../library/free-disk.ts';
import { busy, Changed, noRoom, otherSize, Passing, paused, taken, wrongBytes } from './failures.ts';
import type { Answer, HttpGet } from './http-get.ts';
import { holdToModel } from './model-file.ts';
import {
  discardPart,
  finishPart,
  hashOf,
  keepToken,
  openPart,
  type PartOf,
  partPaths,
  readState,
  writeState,
} from './part-file.ts';
import { ask, mostTries, nothingYet, type PartState, take, type Taking, waitBefore } from './part-plan.ts';

export interface DownloadRequest {
  readonly address: URL;
  /** Where the whole file comes to lie. Until then `<file>.part` beside it holds what has come. */
  readonly file: string;
  /** As whoever named the file says, in hexadecimal; null: as the server says, where it does. */
  readonly sha256: string | null;
  readonly bytes: number | null;
  readonly token: string | null;
  /** It is to be a model, and is held to what files of such are where nobody says its sum. */
  readonly isModel?: boolean;
}

export type DownloadProgress =
  | { readonly phase: 'downloading' | 'checking'; readonly done: number; readonly total: number | null }
  | { readonly phase: 'waiting'; readonly seconds: number; readonly why: Failure };

export interface DownloadDeps {
  readonly get: HttpGet;
  /** Aborted: a pause; what was downloaded so far is kept. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Bytes that are free on the disk of a folder. */
  readonly free?: (folder: string) => Promise<number>;
  /** Factor on the seconds between tries, for tests. */
  readonly hurry?: number;
}

export interface Downloaded {
  readonly bytes: number;
  /** What the whole file was held to; null where nobody says what it should be. */
  readonly sha256: string | null;
}

/** Bytes after which what has come is made certain, so that a crash costs no more. */
const keptEvery = 16 * 1024 * 1024;
/** Left free on a disk. */
const spare = 64 * 1024 * 1024;

/**
 * Fetches a file, going on with what of it is there. At `file` there is nothing, or all of it with the right sum, at any moment,
 * a kill included. One at a time fetches a file; tries again where that may help.
 * @throws Failure `download-paused`, `download-busy`, `output-exists`, `disk-full`, `download-wrong`, `download-no-file`, and what servers refuse
 */
export async function download(request: DownloadRequest, deps: DownloadDeps): Promise<Downloaded> {
  const { file } = request;
  const { lock } = partPaths(file);
  await makeFolder(dirname(file));
  const unlock = lockFile(lock);
  if (unlock === null) throw busy(file);
  try {
    if (await exists(file)) throw taken(file);
    await keepToken(file, request.token);
    const done = await fetchAll(request, deps);
    if (request.isModel === true && request.sha256 === null) await holdPart(request);
    await finishPart(file);
    return done;
  } catch (error) {
    if (deps.signal.aborted) throw paused();
    throw error;
  } finally {
    unlock();
    await rm(lock, { force: true });
  }
}

/** Of what is no model nothing is kept: going on with it would bring none. */
async function holdPart({ file, address }: DownloadRequest): Promise<void> {
  try {
    await holdToModel(partPaths(file).part, file, address.host);
  } catch (error) {
    await discardPart(file);
    throw error;
  }
}

/** Tries until all of it is there and right. */
async function fetchAll(request: DownloadRequest, deps: DownloadDeps): Promise<Downloaded> {
  const { signal, onProgress, hurry = 1 } = deps;
  const [of, part] = [partOf(request), partPaths(request.file).part];
  let [fruitless, anew] = [0, 0];
  for (;;) {
    const before = (await readState(request.file, of)).kept;
    try {
      const { state, sha256 } = await fetchMore(request, deps);
      const expected = request.sha256 ?? sha256;
      if (expected === null) return { bytes: state.kept, sha256: null };
      const found = await hashOf(part, signal, (done) =>
        onProgress?.({ phase: 'checking', done, total: state.total }),
      );
      if (found === expected) return { bytes: state.kept, sha256: expected };
      await discardPart(request.file);
      // A server that mixes two files up does so where something was there before.
      if (before === 0 || anew > 0) throw wrongBytes(request.address.host);
      anew += 1;
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof Changed) {
        await writeState(request.file, of, nothingYet);
        if (++anew > 3) throw changing(request.address.host);
      } else if (error instanceof Passing) {
        fruitless = (await readState(request.file, of)).kept > before ? 1 : fruitless + 1;
        if (fruitless >= mostTries) throw error.failure;
        const seconds = waitBefore(fruitless, error.wait, Math.random) * hurry;
        onProgress?.({ phase: 'waiting', seconds, why: error.failure });
        await wait(1000 * seconds, undefined, { signal });
      } else throw error;
    }
  }
}

const partOf = ({ address, sha256 }: DownloadRequest): PartOf => ({ address: address.href, sha256 });

interface Fetched {
  readonly state: PartState;
  /** As the server says. */
  readonly sha256: string | null;
}

/** One answer's worth: all that is missing, if all goes well. */
async function fetchMore(request: DownloadRequest, deps: DownloadDeps): Promise<Fetched> {
  const { address, file, token, sha256, bytes } = request;
  const known = await readState(file, partOf(request));
  const { handle, kept } = await openPart(file, known.kept);
  try {
    const state = { ...known, kept };
    // Of what only the server has the sum of, it is asked for that in any case.
    if (sha256 !== null && kept > 0 && kept === (bytes ?? known.total)) return { state, sha256 };
    const asked = ask(state, sha256 !== null);
    const answer = await deps.get(address, { headers: asked.headers, token, signal: deps.signal });
    try {
      const taking = take(answer, { state, asked, bytes, hasToken: token !== null });
      if (taking === 'complete') return { state, sha256: answer.sha256 };
      await needRoom(request, deps, taking);
      return { state: await pour(answer, taking, { handle, state, request, deps }), sha256: answer.sha256 };
    } finally {
      answer.drop();
    }
  } finally {
    await handle.close();
  }
}

async function needRoom(
  { file }: DownloadRequest,
  { free = freeOn }: DownloadDeps,
  { from, total }: Taking,
): Promise<void> {
  if (total === null) return;
  const [needed, there] = [total - from, await free(dirname(file))];
  if (there < needed + spare) throw noRoom(file, needed, there);
}

interface Pouring {
  readonly handle: FileHandle;
  readonly state: PartState;
  readonly request: DownloadRequest;
  readonly deps: DownloadDeps;
}

/** Writes an answer's bytes to their place. What is there already of them has to be the same. */
async function pour(
  answer: Answer,
  taking: Taking,
  { handle, state, request, deps }: Pouring,
): Promise<PartState> {
  const { total, etag } = taking;
  const of = partOf(request);
  let kept = taking.from === 0 ? 0 : state.kept;
  let [at, certain] = [taking.from, kept];
  if (kept === 0) await handle.truncate(0);
  const keep = async () => {
    await handle.datasync();
    await writeState(request.file, of, { kept, total, etag });
    certain = kept;
  };
  try {
    if (taking.from === 0) await keep();
    for await (const chunk of answer.body) {
      const end = at + chunk.length;
      if (total !== null && end > total) throw new Changed('more came than there is');
      const again = chunk.subarray(0, Math.max(0, Math.min(chunk.length, kept - at)));
      if (again.length > 0 && !(await holds(handle, again, at)))
        throw new Changed('what came again is another');
      const more = chunk.subarray(again.length);
      if (more.length > 0) await writeAll(handle, more, at + again.length);
      at = end;
      kept = Math.max(kept, end);
      deps.onProgress?.({ phase: 'downloading', done: kept, total });
      if (kept - certain >= keptEvery) await keep();
    }
  } catch (error) {
    if (error instanceof Changed) throw error;
    await keep().catch(() => undefined);
    throw isOfDisk(error) ? writeFailure(partPaths(request.file).part, error) : error;
  }
  await keep();
  if (total !== null && kept < total) throw cutOff(answer.host);
  if (request.bytes !== null && kept !== request.bytes) throw otherSize(answer.host, request.bytes, kept);
  return { kept, total: total ?? kept, etag };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function holds(handle: FileHandle, bytes: Uint8Array, at: number): Promise<boolean> {
  const there = Buffer.alloc(bytes.length);
  const { bytesRead } = await handle.read(there, 0, there.length, at);
  return bytesRead === there.length && there.equals(bytes);
}

const isOfDisk = (error: unknown) => error instanceof Error && 'syscall' in error && 'code' in error;

function cutOff(host: string): Passing {
  return new Passing(
    new Failure(
      'download-cut-off',
      `${host} ended the connection before all had come.`,
      'Try again; what was downloaded so far is kept.',
    ),
  );
}

function changing(host: string): Failure {
  return new Failure(
    'download-changing',
    `The file on ${host} is another one each time it is asked for.`,
    'It may be changed there just now, or a network in between mixes it up: try again later or from another mirror.',
  );
}
