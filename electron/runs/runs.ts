import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../../native/failure.ts';
import { bytesOnDisk } from '../../native/files/bytes-on-disk.ts';
import type { HandlersOf } from '../contract/api.ts';
import type { RunRequest } from '../contract/runs.ts';
import type { Device } from '../engine/device.ts';
import type { DomainContext } from '../library/library.ts';
import { removeInside } from '../library/remove-inside.ts';
import type { SettingsStore } from '../library/settings.ts';
import { costOf } from './cost.ts';
import { readMetrics } from './metrics.ts';
import { planRequest, type RequestDeps, type RunBase, speedKeyOf } from './plan-request.ts';
import { recoverRuns } from './recover.ts';
import { defaultRequest } from './run-defaults.ts';
import { createRun, type Run } from './run-folder.ts';
import { readRunLog } from './run-log.ts';
import { createRunReader } from './run-reader.ts';
import { createRunRecords, type RunRecord } from './run-records.ts';
import { createSpeeds } from './speeds.ts';
import { summarizeRun } from './summarize-run.ts';
import { removeState, superviseRun, type Supervision } from './supervise-run.ts';

/** What makes pictures of a run; told when there is something to make them of, and when they are to go. */
export interface RunPictures {
  /** Queues what is missing of the run's epochs, prompts and seeds. */
  readonly wanted: (runId: number) => Promise<void>;
  /** Ends what is being made of the run's weights; its folder goes next. */
  readonly forget: (runId: number) => Promise<void>;
}

export interface RunsDeps {
  readonly device: Device;
  readonly settings: Pick<SettingsStore, 'get'>;
  readonly data: RequestDeps['data'];
  readonly base: RequestDeps['base'];
  readonly pictures: RunPictures;
  /** See `DefaultsDeps`. */
  readonly sampleRunFile: string;
}

export interface Runs {
  readonly handlers: HandlersOf<'runs'>;
  /** Resolves when what was under way at the last end has been looked at. */
  readonly recovered: Promise<void>;
  /** Ends the run under way at its next step, keeping its state, to be gone on with at the next start. */
  readonly close: () => Promise<void>;
}

/** Longer than this no one waits for a step; an engine left alone saves its state by itself. */
const patience = 20_000;

export function createRuns(context: DomainContext, deps: RunsDeps): Runs {
  const { library, publish, now } = context;
  const { database, paths } = library;
  const records = createRunRecords(database);
  const read = createRunReader(database);
  const speeds = createSpeeds(database);
  const requestDeps: RequestDeps = {
    base: deps.base,
    data: deps.data,
    speeds,
    cacheFolder: paths.cache,
    runsFolder: paths.runs,
  };
  const bases = new Map<string, RunBase>();
  const cover = database
    .prepare<[number], number>(
      "SELECT id FROM sample WHERE run_id = ? AND bench = 0 AND status = 'ready' ORDER BY epoch DESC, id LIMIT 1",
    )
    .pluck();
  let current: Supervision | null = null;
  let closed = false;

  const changed = (runId?: number) => {
    publish('changed', { subjects: ['runs'], ...(runId === undefined ? {} : { runId }) });
  };
  const speedKey = (run: Run) => {
    const base = bases.get(run.job.base);
    return base === undefined ? null : speedKeyOf(run.job.device.provider ?? null, base, run);
  };
  const pump = () => {
    const [next] = records.queue();
    if (current !== null || closed || next === undefined) return;
    void begin(next);
  };
  const begin = async (runId: number) => {
    const supervision = superviseRun(runId, {
      context,
      records,
      read,
      speeds,
      speedKeyOf: speedKey,
      device: deps.device,
      onPictures: deps.pictures.wanted,
    });
    current = supervision;
    await supervision.ended;
    current = null;
    pump();
  };
  const recovered = recoverRuns(records, context).then((found) => {
    for (const id of found) void deps.pictures.wanted(id);
    for (const { baseModelId } of records.all()) if (baseModelId !== null) rememberBase(baseModelId);
    pump();
  });
  const rememberBase = (modelId: number) => {
    deps.base(modelId).then(
      (base) => bases.set(base.folder, base),
      () => undefined,
    );
  };

  const start = async (request: RunRequest): Promise<number[]> => {
    const runIds: number[] = [];
    for (const planned of await planRequest(request, requestDeps)) {
      const { plan, run, base, captionSetId, datasetName, captionSetName } = planned;
      const own: RunRequest = { ...request, captionSetIds: [captionSetId] };
      bases.set(base.folder, base);
      const id = records.insert({
        // Side by side they would all be called the same.
        name: request.captionSetIds.length > 1 ? `${request.name}, ${captionSetName}` : request.name,
        status: 'queued',
        datasetId: request.datasetId,
        datasetName,
        captionSetName,
        baseModelId: base.id,
        baseName: base.name,
        method: request.method.kind,
        request: own,
        plan,
        folder: paths.runs,
        prompts: plan.prompts,
        seeds: own.seeds,
        epochs: plan.epochs,
        steps: plan.steps,
        createdAt: now(),
      });
      const folder = join(paths.runs, String(id));
      try {
        await createRun({ folder, spec: { ...run.spec, folder }, job: { ...run.job, folder } });
      } catch (error) {
        records.remove(id);
        throw error;
      }
      records.change(id, { folder });
      runIds.push(id);
    }
    records.enqueue(runIds, 'end');
    changed();
    pump();
    return runIds;
  };
  const live = (id: number) => (current?.runId === id ? current.progress() : null);
  const summarize = (record: RunRecord) =>
    summarizeRun(record, records, live(record.id), cover.get(record.id) ?? null);

  const handlers: HandlersOf<'runs'> = {
    'runs.defaults': (choice) =>
      defaultRequest(choice, { database, settings: deps.settings.get, sampleRunFile: deps.sampleRunFile }),
    'runs.plan': async ({ request }) => {
      const [first] = await planRequest(request, requestDeps);
      return first!.plan;
    },
    'runs.start': async ({ request }) => ({ runIds: await start(request) }),
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
        ledger: records
          .ledger(runId)
          .map((entry) => ({ ...entry, cost: costOf(entry.seconds, request.costRate) })),
      };
    },
    'runs.metrics': ({ runId }) => {
      const { folder, steps, plan } = records.get(runId);
      return readMetrics(folder, { steps, stepsPerEpoch: plan.stepsPerEpoch });
    },
    'runs.progressNow': ({ runId }) => live(records.get(runId).id),
    'runs.log': ({ runId, lines }) => readRunLog(records.get(runId).folder, lines),
    'runs.pause': ({ runId }) => {
      const { status } = records.get(runId);
      if (isUnderWay(status)) current?.stop('pause');
      else if (status === 'queued') records.change(runId, { status: 'paused', queueOrder: null });
      else throw notNow(status, 'paused');
      changed(runId);
      return null;
    },
    'runs.stop': async ({ runId }) => {
      const { status, folder } = records.get(runId);
      if (isUnderWay(status)) current?.stop('cancel');
      else if (['queued', 'paused', 'interrupted', 'failed'].includes(status)) {
        records.change(runId, { status: 'cancelled', queueOrder: null, endedAt: now() });
        await removeState(folder);
      } else throw notNow(status, 'stopped');
      changed(runId);
      return null;
    },
    'runs.resume': ({ runId }) => {
      const { status } = records.get(runId);
      if (!['paused', 'interrupted', 'failed'].includes(status)) throw notNow(status, 'gone on with');
      records.change(runId, { status: 'queued', failure: null, endedAt: null });
      records.enqueue([runId], 'front');
      changed(runId);
      pump();
      return null;
    },
    'runs.rename': ({ runId, name }) => {
      records.change(records.get(runId).id, { name });
      changed(runId);
      return null;
    },
    'runs.move': ({ runId, position }) => {
      const { status } = records.get(runId);
      if (status !== 'queued') throw notNow(status, 'moved in the queue');
      const others = records.queue().filter((id) => id !== runId);
      records.reorder(others.toSpliced(position - 1, 0, runId));
      changed();
      return null;
    },
    'runs.remove': async ({ runId }) => {
      const { folder } = records.get(runId);
      if (current?.runId === runId) {
        current.stop('cancel');
        await current.ended;
      }
      await deps.pictures.forget(runId);
      records.remove(runId);
      await removeInside(library.folder, folder, context.log);
      publish('changed', { subjects: ['runs', 'samples', 'models', 'exports'] });
      return null;
    },
    'runs.setSamples': ({ runIds, prompts, seeds }) => {
      const known = runIds.map((id) => records.get(id));
      for (const { id } of known) {
        records.change(id, { prompts, seeds });
        void deps.pictures.wanted(id);
        changed(id);
      }
      return null;
    },
  };

  return {
    handlers,
    recovered,
    close: async () => {
      closed = true;
      await recovered.catch(() => undefined);
      if (current === null) return;
      current.stop('close');
      await Promise.race([current.ended, sleep(patience, undefined, { ref: false })]);
    },
  };
}

/** One run at a time is. */
function isUnderWay(status: RunRecord['status']): boolean {
  return status === 'preparing' || status === 'training' || status === 'stopping';
}

const states: Readonly<Record<string, string>> = {
  queued: 'is waiting in the queue',
  preparing: 'is under way',
  training: 'is under way',
  stopping: 'is stopping',
  finished: 'has finished',
  cancelled: 'was stopped for good',
};

function notNow(status: RunRecord['status'], wanted: string): Failure {
  return new Failure(
    'run-not-now',
    `This run ${states[status] ?? `is ${status}`}, so it cannot be ${wanted}.`,
    'Look at its state in the list of runs.',
  );
}
