import type { HandlersOf, Publish } from '../contract/api.ts';
import type { LibraryDatabase } from '../library/database.ts';
import type { RunReader } from '../runs/run-reader.ts';
import type { RunRecords } from '../runs/run-records.ts';
import { compareRuns } from './compare-runs.ts';
import type { LikenessComparison } from './likeness.ts';
import type { PictureQueue } from './picture-queue.ts';
import { sampleOf, type SampleRecord, type SampleRecords } from './sample-records.ts';

export interface ComparisonDeps {
  readonly database: LibraryDatabase;
  readonly records: SampleRecords;
  readonly runs: RunRecords;
  readonly read: RunReader;
  readonly queue: PictureQueue;
  readonly publish: Publish;
  readonly likeness: Pick<LikenessComparison, 'of'>;
  /** Queues what is missing of a run, what failed and what was cancelled; gives how many pictures. */
  readonly fillAgain: (runId: number) => Promise<number>;
}

export type ComparisonCall =
  'gallery.comparison' | 'gallery.likeness' | 'gallery.fill' | 'gallery.cancelQueued';

/** What pages ask of the pictures of runs. */
export function comparisonHandlers(deps: ComparisonDeps): Pick<HandlersOf<'gallery'>, ComparisonCall> {
  const { database, records, runs, read, queue, publish } = deps;
  return {
    'gallery.comparison': async ({ runIds }) => {
      const compared = [];
      for (const id of new Set(runIds)) {
        const record = runs.get(id);
        compared.push({ record, run: await read(record) });
      }
      return compareRuns(compared, database, records);
    },
    'gallery.likeness': ({ runId }) => deps.likeness.of(runId),
    'gallery.fill': async ({ runIds }) => {
      let queued = 0;
      for (const id of runIds) queued += await deps.fillAgain(id);
      return { queued };
    },
    'gallery.cancelQueued': async ({ runIds }) => {
      const isTheirs = ({ runId, bench }: SampleRecord) => !bench && runId !== null && runIds.includes(runId);
      const samples = runIds.flatMap((id) => records.ofRun(id));
      records.cancel(samples);
      await queue.interrupt(isTheirs);
      for (const { id } of samples) publish('gallery.sample', sampleOf(records.get(id)));
      publish('gallery.queue', records.counts());
      return null;
    },
  };
}
