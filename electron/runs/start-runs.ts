import { join } from 'node:path';

import type { RunRequest } from '../contract/runs.ts';
import { type PlannedRequest, planRequest, type RequestDeps, type RunBase } from './plan-request.ts';
import { createRun } from './run-folder.ts';
import type { RunRecords } from './run-records.ts';

export interface StartDeps {
  readonly records: RunRecords;
  readonly request: RequestDeps;
  readonly now: () => number;
  readonly onBase: (base: RunBase) => void;
}

/**
 * Plans what was asked for and puts it at the end of the queue: a run for each base, caption set, share and value that is tried,
 * with a folder of its own.
 * Throws what `planRequest` and `createRun` throw.
 */
export async function startRuns(request: RunRequest, deps: StartDeps): Promise<number[]> {
  const runIds: number[] = [];
  for (const planned of await planRequest(request, deps.request)) {
    deps.onBase(planned.base);
    runIds.push(await makeRun(planned, deps));
  }
  deps.records.enqueue(runIds, 'end');
  return runIds;
}

async function makeRun(
  { request, plan, run, base, captionSetId, share, name, datasetName, captionSetName }: PlannedRequest,
  { records, request: { runsFolder }, now }: StartDeps,
): Promise<number> {
  const own: RunRequest = {
    ...request,
    ...{ baseModelId: base.id, moreBaseIds: [] },
    ...{ captionSetIds: [captionSetId], shares: [share], sweep: undefined },
  };
  const id = records.insert({
    name,
    status: 'queued',
    datasetId: request.datasetId,
    datasetName,
    captionSetName,
    baseModelId: base.id,
    baseName: base.name,
    method: request.method.kind,
    request: own,
    plan,
    folder: runsFolder,
    prompts: plan.prompts,
    seeds: own.seeds,
    epochs: plan.epochs,
    steps: plan.steps,
    createdAt: now(),
  });
  const folder = join(runsFolder, String(id));
  try {
    await createRun({ folder, spec: { ...run.spec, folder }, job: { ...run.job, folder } });
  } catch (error) {
    records.remove(id);
    throw error;
  }
  records.change(id, { folder });
  return id;
}
