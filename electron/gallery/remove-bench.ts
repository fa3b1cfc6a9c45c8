import { rm } from 'node:fs/promises';

import type { SampleRecord, SampleRecords } from './sample-records.ts';

/** Deletes pictures of the prompt bench; a run's go with its folder. */
export async function removeBench(records: SampleRecords, samples: readonly SampleRecord[]): Promise<void> {
  for (const { id, file } of samples) {
    records.remove(id);
    await rm(file, { force: true });
  }
}
