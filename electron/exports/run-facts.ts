import { durationText } from '../contract/quantities.ts';
import type { Settings } from '../contract/system.ts';
import type { LibraryDatabase } from '../library/database.ts';
import { costOf } from '../runs/cost.ts';
import { createRunRecords } from '../runs/run-records.ts';

/** What the library knows of a run up to an epoch, for a model card: its data, and the time and cost it took. */
export function runFacts(
  database: LibraryDatabase,
  runId: number,
  epoch: number,
  { currency }: Pick<Settings, 'currency'>,
): readonly (readonly [name: string, value: string])[] {
  const records = createRunRecords(database);
  const run = records.get(runId);
  const seconds = records
    .ledger(runId)
    .filter((entry) => entry.epoch <= epoch)
    .reduce((sum, entry) => sum + entry.seconds, 0);
  const cost = costOf(seconds, run.request.costRate);
  return [
    ['Base', run.baseName],
    ['Data set', run.datasetName],
    ['Captions', run.captionSetName],
    ['Computing time', durationText(seconds)],
    ...(cost === null ? [] : [['Cost', `${cost.toFixed(cost < 1 ? 4 : 2)} ${currency}`] as const]),
  ];
}
