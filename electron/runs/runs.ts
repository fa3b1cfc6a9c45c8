import type { HandlersOf } from '../contract/api.ts';
import type { Device } from '../engine/device.ts';
import type { DomainContext } from '../library/library.ts';
import type { SettingsStore } from '../library/settings.ts';
import { classImageOf, type ShownFile } from './class-image-files.ts';
import { createKnownBases } from './known-bases.ts';
import type { RequestDeps } from './plan-request.ts';
import { recoverRuns } from './recover.ts';
import { runCommands } from './run-commands.ts';
import type { RunPictures } from './run-pictures.ts';
import { runQueries } from './run-queries.ts';
import { createRunQueue } from './run-queue.ts';
import { createRunReader } from './run-reader.ts';
import { createRunRecords } from './run-records.ts';
import { createSpeeds } from './speeds.ts';
import { superviseRun } from './supervise-run.ts';

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
  /** A class image of a run, by its number among them. Throws Failure `run-missing`, `image-unknown`. */
  readonly classImage: (runId: number, number: number) => Promise<ShownFile>;
  /** Resolves when what was under way at the last end has been looked at. */
  readonly recovered: Promise<void>;
  /** Ends the run under way at its next step, keeping its state, to be resumed at the next start. */
  readonly close: () => Promise<void>;
}

export function createRuns(context: DomainContext, deps: RunsDeps): Runs {
  const { database, paths } = context.library;
  const { device, settings, pictures, sampleRunFile } = deps;
  const records = createRunRecords(database);
  const read = createRunReader(database);
  const speeds = createSpeeds(database);
  const bases = createKnownBases(deps.base);
  const request: RequestDeps = {
    base: deps.base,
    data: deps.data,
    speeds,
    cacheFolder: paths.cache,
    runsFolder: paths.runs,
  };
  const queue = createRunQueue(records, (runId) =>
    superviseRun(runId, {
      ...{ context, device, records, read, speeds },
      speedKeyOf: bases.speedKeyOf,
      onPictures: pictures.wanted,
    }),
  );
  const recovered = recoverRuns(records, context).then((found) => {
    for (const id of found) void pictures.wanted(id);
    for (const { baseModelId } of records.all()) if (baseModelId !== null) bases.lookUp(baseModelId);
    queue.pump();
  });
  return {
    handlers: {
      ...runQueries({
        ...{ database, records, read, request },
        defaults: { settings: settings.get, sampleRunFile },
        progressOf: (runId) => {
          const current = queue.current();
          return current?.runId === runId ? current.progress() : null;
        },
      }),
      ...runCommands({
        ...{ context, records, queue, pictures, read },
        start: { records, request, now: context.now, onBase: bases.add },
      }),
    },
    classImage: async (runId, number) => classImageOf(await read(records.get(runId)), number),
    recovered,
    close: async () => {
      queue.stop();
      await recovered.catch(() => undefined);
      await queue.endCurrent();
    },
  };
}
