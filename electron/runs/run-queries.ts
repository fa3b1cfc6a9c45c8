import { bytesOnDisk } from '../../native/files/bytes-on-disk.ts';
import type { HandlersOf } from '../contract/api.ts';
import type { RunProgress } from '../contract/runs.ts';
import type { LibraryDatabase } from '../library/database.ts';
import { classImageFiles } from './class-image-files.ts';
import { costOf } from './cost.ts';
import { readMetrics } from './metrics.ts';
import { planRequest, type RequestDeps } from './plan-request.ts';
import { defaultRequest, type DefaultsDeps } from './run-defaults.ts';
import { stateBytes } from './run-folder.ts';
import { readRunLog } from './run-log.ts';
import type { RunReader } from './run-reader.ts';
import type { RunRecord, RunRecords } from './run-records.ts';
import { summarizeRun } from './summarize-run.ts';

export type RunQueries =
  | 'runs.defaults'
  | 'runs.plan'
  | 'runs.list'
  | 'runs.get'
  | 'runs.metrics'
  | 'runs.progressNow'
  | 'runs.classImages'
  | 'runs.log';

export interface QueryDeps {
  readonly database: LibraryDatabase;
  readonly records: RunRecords;
  readonly read: RunReader;
  readonly request: RequestDeps;
  readonly defaults: Omit<DefaultsDeps, 'database'>;
  /** Of the run under way; null for every other. */
  readonly progressOf: (runId: number) => RunProgress | null;
}

/** What pages ask of runs without changing anything. */
export function runQueries(deps: QueryDeps): Pick<HandlersOf<'runs'>, RunQueries> {
  const { database, records, progressOf } = deps;
  const cover = database
    .prepare<[number], number>(
      "SELECT id FROM sample WHERE run_id = ? AND bench = 0 AND status = 'ready' ORDER BY epoch DESC, id LIMIT 1",
    )
    .pluck();
  const summarize = (record: RunRecord) =>
    summarizeRun(record, records, progressOf(record.id), cover.get(record.id) ?? null);
  return {
    'runs.defaults': (choice) => defaultRequest(choice, { ...deps.defaults, database }),
    'runs.plan': async ({ request }) => {
      const [first] = await planRequest(request, deps.request);
      return first!.plan;
    },
    'runs.list': () => records.all().map(summarize),
    'runs.get': async ({ runId }) => {
      const record = records.get(runId);
      const { request, plan, folder, prompts, seeds } = record;
      return {
        ...summarize(record),
        request,
        plan,
        folder,
        prompts: [...prompts],
        seeds: [...seeds],
        bytes: await bytesOnDisk(folder),
        stateBytes: await stateBytes(folder),
        ledger: records
          .ledger(runId)
          .map((entry) => ({ ...entry, cost: costOf(entry.seconds, request.costRate) })),
      };
    },
    'runs.metrics': ({ runId }) => {
      const { folder, steps, plan } = records.get(runId);
      return readMetrics(folder, { steps, stepsPerEpoch: plan.stepsPerEpoch });
    },
    'runs.progressNow': ({ runId }) => progressOf(records.get(runId).id),
    'runs.classImages': async ({ runId }) => ({
      images: (await classImageFiles(await deps.read(records.get(runId)))).length,
    }),
    'runs.log': ({ runId, lines }) => readRunLog(records.get(runId).folder, lines),
  };
}
