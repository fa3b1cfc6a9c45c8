import type { DomainContext } from '../library/library.ts';
import { checkpointEpochs, readEpochLosses, readOutcome } from './run-folder.ts';
import type { RunRecords } from './run-records.ts';

const underWay = ['preparing', 'training', 'stopping'] as const;

/**
 * Finds the runs that were under way when Screenfold last ended, and marks them interrupted at once. What their folders
 * say of them is read afterwards: an engine may have come further than was written down, even to the end.
 * @returns resolves to the ids of the runs found so
 */
export function recoverRuns(
  records: RunRecords,
  { publish, log }: DomainContext,
): Promise<readonly number[]> {
  for (const { id, status, folder, startedAt, queueOrder } of records.all()) {
    // Put down, but its folder was not yet made.
    if (status === 'queued' && queueOrder === null && startedAt === null) {
      try {
        records.remove(id);
      } catch (error) {
        log.warn('a run that never began could not be removed', error);
      }
    } else if (underWay.some((name) => name === status)) records.settle(id, { status: 'interrupted' });
    else continue;
    log.info('found unfinished', folder);
  }
  return readFolders();

  async function readFolders(): Promise<readonly number[]> {
    const found: number[] = [];
    for (const { id, status, folder, epoch, plan } of records.all()) {
      if (status !== 'interrupted') continue;
      try {
        for (const kept of await checkpointEpochs(folder)) records.addCheckpoint(id, kept);
        const losses = (await readEpochLosses(folder)).at(-1);
        if (losses !== undefined && losses.epoch > epoch) {
          const { trainLoss, validationLoss } = losses;
          records.change(id, {
            epoch: losses.epoch,
            step: losses.epoch * plan.stepsPerEpoch,
            trainLoss,
            validationLoss,
          });
        }
        const outcome = await readOutcome(folder);
        if (outcome?.end === 'finished') {
          records.change(id, { status: 'finished', step: outcome.step });
        }
        found.push(id);
      } catch (error) {
        log.warn('an interrupted run could not be read', error);
      }
    }
    publish('changed', { subjects: ['runs'] });
    return found;
  }
}
