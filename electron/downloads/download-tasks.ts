import { rm } from 'node:fs/promises';

import { Failure } from '../../native/failure.ts';
import { asFailure } from '../../native/files/as-failure.ts';
import type { Download } from '../contract/downloads.ts';
import { failureData } from '../contract/failure-data.ts';
import type { DomainContext } from '../library/library.ts';
import type { DownloadProgress } from './download.ts';
import { createDownloadMeter } from './download-meter.ts';
import { createDownloadRecords, type DownloadRecord, type DownloadRecords } from './download-records.ts';
import type { HttpGet } from './http-get.ts';
import { keptToken } from './part-file.ts';
import { discardParts, fetchParts, type Parts, partsOf, standing } from './parts.ts';

export interface TaskDeps {
  readonly context: DomainContext;
  /** With the ways to the network that are set at this moment. */
  readonly httpGet: () => HttpGet;
  /** Puts a whole file to use; a failure leaves it there. */
  readonly open: (record: DownloadRecord, file: string, signal: AbortSignal) => Promise<void>;
  /** The model, or the LoRA, of the library that a file is. */
  readonly modelOf: (file: string) => Promise<number | null> | number | null;
  readonly loraOf: (file: string) => number | null;
  /** The captioning model that a folder is. */
  readonly captionerOf: (folder: string) => number | null;
}

/** Downloads under way and those that were, each of one file in the library's folder for them. */
export interface DownloadTasks {
  readonly records: DownloadRecords;
  readonly list: () => Promise<readonly Download[]>;
  /** Begins, or goes on; does nothing where it is under way. */
  readonly start: (record: DownloadRecord, token: string | null) => Promise<void>;
  /** Throws Failure `download-unknown`. */
  readonly resume: (id: string) => Promise<void>;
  readonly pause: (id: string) => Promise<void>;
  readonly remove: (id: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

type Live = Pick<Download, 'status' | 'done' | 'total' | 'bytesPerSecond' | 'secondsLeft' | 'failure'>;

interface Task {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

const tellEveryMs = 250;

export function createDownloadTasks(folder: string, deps: TaskDeps): DownloadTasks {
  const { context } = deps;
  const records = createDownloadRecords(folder);
  const tasks = new Map<string, Task>();
  /** How those under way stand, and how those ended that did since the start. */
  const live = new Map<string, Live>();

  const shown = async (record: DownloadRecord): Promise<Download> => {
    const { id, kind, title, address } = record;
    const file = records.fileOf(record);
    const state = live.get(id) ?? (await atRest(partsOf(record, file)));
    const known = { id, kind, title, file, host: URL.parse(address)?.host ?? address };
    const isReady = state.status === 'ready';
    return {
      ...{ ...known, ...state },
      modelId: isReady ? await deps.modelOf(file) : null,
      loraId: isReady ? deps.loraOf(file) : null,
    };
  };
  const tell = async (record: DownloadRecord): Promise<void> => {
    context.publish('downloads.progress', await shown(record));
  };
  const changed = () => {
    context.publish('changed', { subjects: ['downloads'] });
  };

  const work = (record: DownloadRecord, token: string | null, signal: AbortSignal): Promise<void> =>
    workAt(record, { token, signal, live, records, tell: () => void tell(record) }, deps).finally(
      async () => {
        tasks.delete(record.id);
        changed();
        await tellLast(record);
      },
    );
  /** Where there is a record still: one that was opened may have been forgotten. */
  const tellLast = async ({ id }: DownloadRecord): Promise<void> => {
    const record = await records.find(id);
    if (record !== null) await tell(record);
  };

  const start: DownloadTasks['start'] = async (record, token) => {
    if (tasks.has(record.id)) return;
    const stop = new AbortController();
    const begun = Promise.withResolvers<undefined>();
    const ended = begun.promise.then(() => work(record, token, stop.signal));
    tasks.set(record.id, { stop, ended });
    try {
      await records.write(record);
      changed();
    } finally {
      begun.resolve(undefined);
    }
  };
  const known = async (id: string): Promise<DownloadRecord> => {
    const record = await records.find(id);
    if (record !== null) return record;
    throw new Failure('download-unknown', 'This download is no longer in the list.', 'Start it again.');
  };
  const pause = async (id: string): Promise<void> => {
    const task = tasks.get(id);
    task?.stop.abort();
    await task?.ended;
  };
  return {
    records,
    list: async () => Promise.all((await records.all()).map(shown)),
    start,
    resume: async (id) => {
      const record = await known(id);
      await start(record, await keptToken(records.fileOf(record)));
    },
    pause,
    remove: async (id) => {
      await pause(id);
      const record = await known(id);
      const file = records.fileOf(record);
      await discardParts(partsOf(record, file));
      const isUsed =
        (await deps.modelOf(file)) !== null || deps.loraOf(file) !== null || deps.captionerOf(file) !== null;
      if (!isUsed) await rm(file, { force: true, recursive: record.files !== undefined });
      live.delete(id);
      await records.remove(id);
      changed();
    },
    close: async () => {
      for (const { stop } of tasks.values()) stop.abort();
      await Promise.all([...tasks.values()].map(({ ended }) => ended));
    },
  };
}

interface Working {
  readonly token: string | null;
  readonly signal: AbortSignal;
  readonly live: Map<string, Live>;
  readonly records: DownloadRecords;
  readonly tell: () => void;
}

const quiet = { bytesPerSecond: null, secondsLeft: null, failure: null };

/** Fetches a file and puts it to use; how that ended stands in `live`, where it is not as the disk has it. */
async function workAt(
  record: DownloadRecord,
  { token, signal, live, records, tell }: Working,
  { context, httpGet, open }: TaskDeps,
): Promise<void> {
  const file = records.fileOf(record);
  const meter = createDownloadMeter();
  let later: NodeJS.Timeout | undefined;
  const tellNow = () => {
    clearTimeout(later);
    later = undefined;
    tell();
  };
  const set = (state: Live) => {
    const isNews = live.get(record.id)?.status !== state.status;
    live.set(record.id, state);
    if (isNews) tellNow();
    else later ??= setTimeout(tellNow, tellEveryMs).unref();
  };
  const parts = partsOf(record, file);
  const before = await atRest(parts);
  set({ ...before, status: 'running' });
  const onProgress = (said: DownloadProgress) => {
    set(stateOf(said, live.get(record.id) ?? before, meter));
  };
  try {
    await fetchParts(parts, token, { get: httpGet(), signal, onProgress });
    set({ ...(await atRest(parts)), status: 'opening' });
    await open(record, file, signal);
    // What was unpacked is not kept twice.
    if (record.kind === 'gpu-pack') await rm(file, { force: true });
    // Both are shown elsewhere from now on, and removed there.
    if (record.kind !== 'base') await records.remove(record.id);
    live.delete(record.id);
  } catch (error) {
    const failure = asFailure(error, 'download-fault');
    live.delete(record.id);
    if (failure.code === 'download-paused' || signal.aborted) return;
    context.log.warn(`the download of ${record.title} failed`, failure.message);
    const rest = await atRest(parts);
    const status = rest.status === 'ready' ? 'ready' : 'failed';
    live.set(record.id, { ...rest, status, failure: failureData(failure) });
  } finally {
    clearTimeout(later);
  }
}

/** How a download stands that nobody works at. */
async function atRest(parts: Parts): Promise<Live> {
  const { isThere, done, total } = await standing(parts);
  return { ...quiet, total, status: isThere ? 'ready' : 'paused', done };
}

function stateOf(said: DownloadProgress, before: Live, meter: ReturnType<typeof createDownloadMeter>): Live {
  switch (said.phase) {
    case 'downloading':
      return {
        ...meter(said.done, said.total),
        status: 'running',
        done: said.done,
        total: said.total,
        failure: null,
      };
    case 'checking':
      return { ...quiet, status: 'checking', done: said.done, total: said.total };
    case 'waiting':
      return { ...before, ...quiet, status: 'waiting', failure: failureData(said.why) };
  }
}
