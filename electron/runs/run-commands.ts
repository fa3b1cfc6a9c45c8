import { Failure } from '../../native/failure.ts';
import type { HandlersOf } from '../contract/api.ts';
import type { RunStatus } from '../contract/runs.ts';
import type { DomainContext } from '../library/library.ts';
import { removeInside } from '../library/remove-inside.ts';
import { withImagesAtOnce } from './images-at-once.ts';
import { extension } from './run-extension.ts';
import { readRun, removeState, rewriteRun } from './run-folder.ts';
import type { RunPictures } from './run-pictures.ts';
import type { RunQueries } from './run-queries.ts';
import type { RunQueue } from './run-queue.ts';
import type { RunReader } from './run-reader.ts';
import type { RunChange, RunRecords } from './run-records.ts';
import { type StartDeps, startRuns } from './start-runs.ts';

export interface CommandDeps {
  readonly context: DomainContext;
  readonly records: RunRecords;
  readonly queue: RunQueue;
  readonly pictures: RunPictures;
  readonly start: StartDeps;
  readonly read: RunReader;
}

/** What pages have done with runs. */
export function runCommands(deps: CommandDeps): Omit<HandlersOf<'runs'>, RunQueries> {
  const { context, records, queue, pictures } = deps;
  const { publish, now, library, log } = context;
  const changed = (runId?: number) => {
    publish('changed', { subjects: ['runs'], ...(runId === undefined ? {} : { runId }) });
  };
  /** Runs whose folders are being written. */
  const beingExtended = new Set<number>();
  return {
    'runs.start': async ({ request }) => {
      const runIds = await startRuns(request, deps.start);
      changed();
      queue.pump();
      return { runIds };
    },
    'runs.pause': ({ runId }) => {
      const { status } = records.get(runId);
      if (isUnderWay(status)) queue.current()?.stop('pause');
      else if (status === 'queued') records.change(runId, { status: 'paused', queueOrder: null });
      else throw notNow(status, 'paused');
      changed(runId);
      return null;
    },
    'runs.stop': ({ runId }) => {
      const { status } = records.get(runId);
      if (isUnderWay(status)) queue.current()?.stop('cancel');
      else if (['queued', 'paused', 'interrupted', 'failed'].includes(status))
        records.change(runId, { status: 'cancelled', queueOrder: null, endedAt: now() });
      else throw notNow(status, 'stopped');
      changed(runId);
      return null;
    },
    'runs.resume': async ({ runId, oneAtATime = false }) => {
      records.change(runId, await resumption(records, runId, oneAtATime));
      records.enqueue([runId], 'front');
      changed(runId);
      queue.pump();
      return null;
    },
    'runs.extend': async ({ runId, ...choice }) => {
      const { status } = records.get(runId);
      if (!hasEnded(status)) throw notNow(status, 'trained on');
      if (beingExtended.has(runId)) throw notNow('queued', 'trained on');
      beingExtended.add(runId);
      try {
        records.change(runId, await extension(records.get(runId), choice, deps.read));
      } finally {
        beingExtended.delete(runId);
      }
      records.enqueue([runId], 'end');
      changed(runId);
      queue.pump();
      return null;
    },
    'runs.freeState': async ({ runId }) => {
      const { status, folder } = records.get(runId);
      if (!hasEnded(status)) throw notNow(status, 'made smaller');
      await removeState(folder);
      changed(runId);
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
      const current = queue.current();
      if (current?.runId === runId) {
        current.stop('cancel');
        await current.ended;
      }
      await pictures.forget(runId);
      records.remove(runId);
      await removeInside(library.folder, folder, log);
      publish('changed', { subjects: ['runs', 'samples', 'models', 'exports'] });
      return null;
    },
    'runs.setSamples': ({ runIds, prompts, seeds }) => {
      const known = runIds.map((id) => records.get(id));
      for (const { id } of known) {
        records.change(id, { prompts, seeds });
        void pictures.wanted(id);
        changed(id);
      }
      return null;
    },
  };
}

/** What is to be noted of a run that is resumed. */
async function resumption(records: RunRecords, runId: number, oneAtATime: boolean): Promise<RunChange> {
  const found = () => {
    const run = records.get(runId);
    if (!canResume(run.status)) throw notNow(run.status, 'resumed');
    return run;
  };
  if (oneAtATime) await rewriteRun(withImagesAtOnce(await readRun(found().folder), 1));
  // Meanwhile it may have been resumed by somebody else.
  const { request } = found();
  return {
    ...{ status: 'queued', failure: null, endedAt: null },
    ...(oneAtATime && { request: { ...request, train: { ...request.train, imagesAtOnce: 1 } } }),
  };
}

const canResume = (status: RunStatus): boolean => ['paused', 'interrupted', 'failed'].includes(status);

/** For good: it goes on only when it is trained on. */
function hasEnded(status: RunStatus): boolean {
  return status === 'finished' || status === 'cancelled';
}

/** Whether a run of this status has an engine at work; at most one run has. */
function isUnderWay(status: RunStatus): boolean {
  return status === 'preparing' || status === 'training' || status === 'stopping';
}

const states: Readonly<Record<RunStatus, string>> = {
  queued: 'is waiting in the queue',
  preparing: 'is under way',
  training: 'is under way',
  stopping: 'is stopping',
  paused: 'is paused',
  finished: 'has finished',
  failed: 'has failed',
  interrupted: 'was interrupted',
  cancelled: 'was stopped for good',
};

function notNow(status: RunStatus, wanted: string): Failure {
  return new Failure(
    'run-not-now',
    `This run ${states[status]}, so it cannot be ${wanted}.`,
    'The list of runs shows its state.',
  );
}
