import type { Engine } from '../engine/engine.ts';
import { exportRun } from '../exports/export-run.ts';
import { freePath } from '../exports/place-export.ts';
import { runFacts } from '../exports/run-facts.ts';
import { fileNameOf } from '../library/file-name.ts';
import type { DomainContext } from '../library/library.ts';
import type { SettingsStore } from '../library/settings.ts';
import { createRunReader } from '../runs/run-reader.ts';
import { createRunRecords } from '../runs/run-records.ts';
import { inspectModel, type ModelFacts } from './inspect-model.ts';

export interface Kept {
  readonly folder: string;
  readonly parentId: number | null;
  readonly facts: ModelFacts;
}

/**
 * Makes an epoch of a run a model folder of its own in the library, a LoRA merged, in the precision of its checkpoint.
 * @throws Failure `run-missing`, `no-such-epoch`, and what exporting throws
 */
export async function keepEpoch(
  { runId, epoch, name }: { readonly runId: number; readonly epoch: number; readonly name: string },
  { library, now }: DomainContext,
  {
    engine,
    settings,
    software,
  }: { readonly engine: Engine; readonly settings: Pick<SettingsStore, 'get'>; readonly software: string },
): Promise<Kept> {
  const record = createRunRecords(library.database).get(runId);
  const run = await createRunReader(library.database)(record);
  const folder = await freePath(library.paths.models, fileNameOf(name));
  await exportRun(
    { ...run, spec: { ...run.spec, name } },
    {
      epoch,
      format: 'diffusers',
      output: folder,
      precision: run.job.settings.checkpointPrecision,
      software,
      date: new Date(now()),
      facts: runFacts(library.database, runId, epoch, settings.get()),
    },
    engine,
  );
  return { folder, parentId: record.baseModelId, facts: (await inspectModel(folder, engine)).facts };
}
