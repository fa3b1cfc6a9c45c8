import type { RunProgress, RunSummary } from '../contract/runs.ts';
import { costOf } from './cost.ts';
import type { RunRecord, RunRecords } from './run-records.ts';

/** @param live what a run under way says of itself; its row is behind by seconds */
export function summarizeRun(
  record: RunRecord,
  records: RunRecords,
  live: RunProgress | null,
  coverSampleId: number | null,
): RunSummary {
  const seconds = live?.seconds ?? records.secondsSpent(record.id);
  const place = record.status === 'queued' ? records.queue().indexOf(record.id) : -1;
  return {
    id: record.id,
    name: record.name,
    status: record.status,
    queuePosition: place < 0 ? null : place + 1,
    datasetId: record.datasetId,
    datasetName: record.datasetName,
    captionSetName: record.captionSetName,
    baseModelId: record.baseModelId,
    baseName: record.baseName,
    method: record.method,
    epochs: record.epochs,
    epoch: live?.epoch ?? record.epoch,
    step: live?.step ?? record.step,
    steps: record.steps,
    checkpoints: [...records.checkpoints(record.id)],
    trainLoss: record.trainLoss,
    validationLoss: record.validationLoss,
    seconds,
    cost: costOf(seconds, record.request.costRate),
    failure: record.failure,
    createdAt: record.createdAt,
    startedAt: record.startedAt,
    endedAt: record.endedAt,
    coverSampleId,
  };
}
