import { existsSync } from 'node:fs';

import { Failure } from '../../native/failure.ts';
import type { Sample as SampleData } from '../contract/gallery.ts';
import { recipeOf } from '../contract/runs.ts';
import type { LibraryDatabase } from '../library/database.ts';
import type { Run } from '../runs/run-folder.ts';
import type { RunRecord } from '../runs/run-records.ts';
import { planSamples, type Sample } from './sample-plan.ts';
import { sampleOf, type SampleRecord, type SampleRecords } from './sample-records.ts';

export interface FillOptions {
  /** Those that failed or were cancelled are queued again as well. */
  readonly again: boolean;
  readonly now: () => number;
}

export interface Filled {
  /** How many pictures were put in the queue. */
  readonly queued: number;
  readonly changed: readonly SampleData[];
}

/**
 * Puts in the queue what is missing of a run's epochs, prompts and seeds; what lies in its folder already, as after
 * `screenfold compare`, is taken as it is.
 */
export async function fillRun(
  record: Pick<RunRecord, 'id' | 'prompts' | 'seeds' | 'request'>,
  run: Run,
  database: LibraryDatabase,
  records: SampleRecords,
  { again, now }: FillOptions,
): Promise<Filled> {
  const planned = await plannedOf(run, record);
  const known = new Map(records.ofRun(record.id).map((sample) => [keyOf(sample), sample]));
  const changed: SampleData[] = [];
  let queued = 0;
  database.transaction(() => {
    for (const { epoch, prompt, seed, picture } of planned) {
      const there = existsSync(picture.output);
      const status = there ? 'ready' : 'queued';
      const before = known.get(keyOf({ epoch, ...prompt, seed }));
      if (before !== undefined && !isStale(before, there, again)) continue;
      const id =
        before?.id ??
        records.insert(
          {
            runId: record.id,
            modelId: null,
            epoch,
            bench: false,
            ...prompt,
            seed,
            recipe: recipeOf(record.request),
            file: picture.output,
            status,
          },
          now(),
        );
      if (before !== undefined) {
        records.setFile(id, picture.output);
        records.setStatus(id, status);
      }
      if (!there) queued += 1;
      changed.push(sampleOf(records.get(id)));
    }
  })();
  return { queued, changed };
}

function isStale({ status, file }: SampleRecord, there: boolean, again: boolean): boolean {
  if (status === 'ready') return !existsSync(file);
  if (status === 'failed' || status === 'cancelled') return again || there;
  return false;
}

async function plannedOf(
  run: Run,
  { prompts, seeds }: Pick<RunRecord, 'prompts' | 'seeds'>,
): Promise<readonly Sample[]> {
  try {
    return await planSamples(run, { prompts, seeds });
  } catch (error) {
    // What is trained from fresh weights has nothing to show before its first checkpoint.
    if (error instanceof Failure && error.code === 'no-checkpoint') return [];
    throw error;
  }
}

function keyOf(of: {
  readonly epoch: number | null;
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly seed: number;
}): string {
  return JSON.stringify([of.epoch, of.prompt, of.negativePrompt, of.seed]);
}
