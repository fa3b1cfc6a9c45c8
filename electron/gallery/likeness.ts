import { join } from 'node:path';

import { asFailure } from '../../native/files/as-failure.ts';
import { failureData } from '../contract/failure-data.ts';
import type { Likeness } from '../contract/likeness.ts';
import type { FailureData } from '../contract/values.ts';
import { type Backlog, createBacklog } from '../engine/backlog.ts';
import type { Device, Place } from '../engine/device.ts';
import type { Engine } from '../engine/engine.ts';
import type { DomainContext } from '../library/library.ts';
import type { RunReader } from '../runs/run-reader.ts';
import type { RunRecords } from '../runs/run-records.ts';
import { likenessJob, nameInRun, readLikeness, stampOf, writeLikeness } from './likeness-file.ts';
import type { SampleRecords } from './sample-records.ts';

export interface LikenessDeps {
  readonly context: DomainContext;
  readonly device: Device;
  readonly place: () => Place;
  readonly records: SampleRecords;
  readonly runs: RunRecords;
  readonly read: RunReader;
  /** The file of the network that says what a picture shows. */
  readonly weights: string;
}

/** Compares runs' pictures with their data in the background, once somebody has asked about a run. */
export interface LikenessComparison {
  /** What is known of a run, at once; what is out of date is computed anew behind. */
  readonly of: (runId: number) => Promise<Likeness>;
  /** Pictures may have come: what was asked for before is looked at again. */
  readonly wake: () => void;
  readonly close: () => Promise<void>;
}

interface Fault {
  readonly of: string;
  readonly failure: FailureData;
  readonly at: number;
}

/** Images may come back with their drive; tried again at once, a page that shows the failure would never come to rest. */
const retryAfterMs = 10_000;
const mayHavePassed = ({ failure, at }: Fault, now: number): boolean =>
  failure.code === 'compared-images-unreadable' && now - at >= retryAfterMs;

export function createLikeness(deps: LikenessDeps): LikenessComparison {
  const { context, device, place, records, runs, read } = deps;
  const places = { weights: deps.weights, cacheFolder: join(context.library.paths.cache, 'features') };
  const asked = new Set<number>();
  const waiting = new Set<number>();
  const failed = new Map<number, Fault>();
  const stop = new AbortController();
  const imageIds = context.library.database.prepare<[number], { readonly id: number; readonly file: string }>(
    'SELECT id, file FROM image WHERE dataset_id = ?',
  );

  const readyOf = (runId: number) => records.ofRun(runId).filter(({ status }) => status === 'ready');
  const tell = () => {
    context.publish('changed', { subjects: ['samples'] });
  };
  /** Why these pictures cannot be compared, until it is worth another try. */
  const faultOf = (runId: number, of: string): FailureData | null => {
    const fault = failed.get(runId);
    return fault?.of === of && !mayHavePassed(fault, context.now()) ? fault.failure : null;
  };
  const compare = async (runId: number, engine: Engine): Promise<void> => {
    waiting.delete(runId);
    const record = runs.find(runId);
    if (record === null) return;
    const run = await read(record);
    const samples = readyOf(runId);
    const of = await stampOf(run, samples);
    // Who asked while it was under way has put the run on the list again.
    if ((await readLikeness(run))?.of === of || faultOf(runId, of) !== null) return;
    try {
      const job = likenessJob(run, samples, places);
      await writeLikeness(run, of, samples, await engine.run(job, { stop: stop.signal }));
    } catch (error) {
      if (stop.signal.aborted) return;
      context.log.warn('the pictures of a run could not be compared with its data', error);
      const failure = failureData(asFailure(error, 'likeness-fault'));
      failed.set(runId, { of, failure, at: context.now() });
    }
    tell();
  };
  const backlog: Backlog = createBacklog({
    device,
    place,
    takeUp: () => undefined,
    next: () => [...waiting][0] ?? null,
    work: compare,
    onFault: (error) => {
      context.log.warn('comparing pictures with their data ended', error);
    },
  });

  return {
    of: async (runId) => {
      const record = runs.get(runId);
      const run = await read(record);
      const samples = readyOf(runId);
      const of = await stampOf(run, samples);
      const known = await readLikeness(run);
      asked.add(runId);
      const isNew = samples.length > 0 && known?.of !== of;
      const failure = isNew ? faultOf(runId, of) : null;
      if (isNew && failure === null && !stop.signal.aborted) {
        waiting.add(runId);
        backlog.wake();
      }
      const byFile = new Map(samples.map((sample) => [nameInRun(run, sample), sample.id]));
      const ids = new Map(
        record.datasetId === null ? [] : imageIds.all(record.datasetId).map(({ id, file }) => [file, id]),
      );
      return {
        state: failure === null ? (isNew ? 'working' : 'ready') : 'failed',
        failure,
        limit: known?.limit ?? null,
        real: known?.real ?? null,
        heldOut: run.job.validation.length,
        epochs: known?.epochs ?? [],
        pictures: (known?.pictures ?? []).flatMap(({ file, image, ...rest }) => {
          const sampleId = byFile.get(file);
          return sampleId === undefined
            ? []
            : [{ sampleId, name: image, imageId: ids.get(image) ?? null, ...rest }];
        }),
      };
    },
    wake: () => {
      if (asked.size > 0) tell();
    },
    close: async () => {
      stop.abort();
      await backlog.close();
    },
  };
}
