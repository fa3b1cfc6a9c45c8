import type { Comparison } from '../contract/gallery.ts';
import { recipeOf } from '../contract/runs.ts';
import type { PromptData } from '../contract/values.ts';
import type { LibraryDatabase } from '../library/database.ts';
import { checkpointEpochs, readEpochLosses, type Run } from '../runs/run-folder.ts';
import { isPromptOf } from '../runs/run-prompts.ts';
import type { RunRecord } from '../runs/run-records.ts';
import { sampleOf, type SampleRecords } from './sample-records.ts';

export interface ComparedRun {
  readonly record: RunRecord;
  readonly run: Run;
}

/** Everything there is to compare of some runs, of the prompts and seeds they have now. */
export async function compareRuns(
  compared: readonly ComparedRun[],
  database: LibraryDatabase,
  records: SampleRecords,
): Promise<Comparison> {
  const promptKey = ({ prompt, negativePrompt }: PromptData) => JSON.stringify([prompt, negativePrompt]);
  const prompts = new Map(
    compared.flatMap(({ record }) => record.prompts).map((prompt) => [promptKey(prompt), prompt]),
  );
  const seeds = new Set(compared.flatMap(({ record }) => record.seeds));
  const runs = await Promise.all(
    compared.map(async ({ record, run }) => {
      const kept = await checkpointEpochs(record.folder);
      return {
        id: record.id,
        name: record.name,
        captionSetName: record.captionSetName,
        baseName: record.baseName,
        method: record.method,
        epochs: run.job.method.kind === 'scratch' ? [...kept] : [0, ...kept],
        losses: [...(await readEpochLosses(record.folder))],
        recipe: recipeOf(record.request),
      };
    }),
  );
  return {
    runs,
    prompts: [...prompts.values()].map((prompt) => ({
      ...prompt,
      heldOutImageId: heldOutImage(compared, prompt, database),
    })),
    seeds: [...seeds],
    samples: compared.flatMap(({ record }) =>
      records
        .ofRun(record.id)
        .filter((sample) => seeds.has(sample.seed) && prompts.has(promptKey(sample)))
        .map(sampleOf),
    ),
  };
}

/** The real picture whose caption a prompt is, where the data set still has it. */
function heldOutImage(
  compared: readonly ComparedRun[],
  { prompt }: PromptData,
  database: LibraryDatabase,
): number | null {
  const image = database
    .prepare<[number, string], number>('SELECT id FROM image WHERE dataset_id = ? AND file = ?')
    .pluck();
  for (const { record, run } of compared) {
    const found = run.job.validation.find(({ captions }) => isPromptOf(prompt, captions));
    if (found === undefined || record.datasetId === null) continue;
    const id = image.get(record.datasetId, found.id);
    if (id !== undefined) return id;
  }
  return null;
}
