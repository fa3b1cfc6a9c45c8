import { readFile } from 'node:fs/promises';

import { usualLearningRate, usualSteps } from '../../native/facts/methods.ts';
import { Failure } from '../../native/failure.ts';
import { parseJsonText, validateRunSpec } from '../contract/parse-run-spec.ts';
import { type RunSpec, runSpecSchema, usualCheckpoints } from '../contract/run-spec.ts';
import type { RunRequest } from '../contract/runs.ts';
import type { Settings } from '../contract/system.ts';
import type { LibraryDatabase } from '../library/database.ts';

export interface DefaultsChoice {
  readonly datasetId: number | null;
  readonly baseModelId: number | null;
  readonly method: 'full' | 'lora' | null;
}

export interface DefaultsDeps {
  readonly database: LibraryDatabase;
  readonly settings: () => Settings;
  /** Run file with the values that suit the sample data set over the embedded base. */
  readonly sampleRunFile: string;
}

interface BaseRow {
  readonly id: number;
  readonly kind: string;
  readonly resolution: number;
}
interface DatasetRow {
  readonly id: number;
  readonly name: string;
  readonly sample: number;
  readonly images: number;
}

/**
 * A request that is good to begin with; without a caption set where the images have none yet.
 * @throws Failure `no-model`, `no-dataset`
 */
export async function defaultRequest(choice: DefaultsChoice, deps: DefaultsDeps): Promise<RunRequest> {
  const { database } = deps;
  const dataset = datasetOf(database, choice.datasetId);
  const base = baseOf(database, choice.baseModelId);
  const captionSet = captionSetOf(database, dataset);
  const tuned =
    dataset.sample === 1 && base.kind === 'embedded' && choice.method !== 'lora'
      ? await readTuned(deps.sampleRunFile)
      : null;
  const method = tuned?.method ?? methodOf(choice.method ?? (base.resolution >= 256 ? 'lora' : 'full'));
  const { provider, costRate } = deps.settings();
  const samples = tuned?.samples;
  const { width, height, ...recipe } = samples ?? recipeDefaults;
  return {
    name: freeName(database, dataset.name),
    baseModelId: base.id,
    datasetId: dataset.id,
    captionSetIds: captionSet === null ? [] : [captionSet],
    method,
    resolution: tuned?.resolution ?? null,
    train: tuned?.train ?? trainOf(method, base.resolution, dataset.images),
    prompts: [...(samples?.prompts ?? [])],
    seeds: [...(samples?.seeds ?? [0])],
    recipe: {
      sampler: recipe.sampler,
      steps: recipe.steps,
      guidanceScale: recipe.guidanceScale,
      width: width ?? base.resolution,
      height: height ?? base.resolution,
    },
    provider,
    costRate,
  };
}

const recipeDefaults = runSpecSchema.shape.samples.parse(undefined);

function methodOf(kind: 'full' | 'lora'): RunSpec['method'] {
  return kind === 'full' ? { kind, textEncoder: false } : { kind, textEncoder: false, rank: 16 };
}

/** A run ends with an epoch that is kept in any case; fewer than five teach little. */
const usualEpochs = usualCheckpoints.filter((epoch) => epoch >= 5);

function trainOf(method: RunSpec['method'], resolution: number, images: number): RunSpec['train'] {
  const batchSize = resolution <= 128 ? 8 : resolution <= 256 ? 4 : method.kind === 'lora' ? 2 : 1;
  const perEpoch = Math.max(1, Math.ceil(images / batchSize));
  const epochs = usualEpochs.find((count) => count * perEpoch >= usualSteps(method.kind)) ?? 100;
  return runSpecSchema.shape.train.parse({
    epochs,
    batchSize,
    learningRate: usualLearningRate(method.kind, { kind: 'adamw' }),
  });
}

/** Null where the file is not there or is no run file: the usual values are good enough to go on with. */
async function readTuned(file: string): Promise<RunSpec | null> {
  try {
    return validateRunSpec(parseJsonText(await readFile(file, 'utf8'), file), file);
  } catch {
    return null;
  }
}

function datasetOf(database: LibraryDatabase, id: number | null): DatasetRow {
  const row = database
    .prepare<[number | null, number | null], DatasetRow>(
      `SELECT id, name, sample,
         max(0, images - excluded - held_out) AS images
       FROM dataset WHERE ? IS NULL OR id = ? ORDER BY id DESC LIMIT 1`,
    )
    .get(id, id);
  if (row !== undefined) return row;
  throw new Failure(
    'no-dataset',
    'There is no data set to train on.',
    'Drop a folder of images into the window.',
  );
}

/**
 * The one asked for; else the base of the newest run, so that a model which was kept of a run is not trained on unasked; else the
 * newest that is no finetune.
 */
function baseOf(database: LibraryDatabase, id: number | null): BaseRow {
  const row = database
    .prepare<[number | null, number | null], BaseRow>(
      `SELECT id, kind, resolution FROM model WHERE ? IS NULL OR id = ?
       ORDER BY (SELECT max(id) FROM run WHERE base_model_id = model.id) DESC NULLS LAST,
         kind = 'finetune', id DESC LIMIT 1`,
    )
    .get(id, id);
  if (row !== undefined) return row;
  throw new Failure(
    'no-model',
    'There is no model to start from.',
    'Add one under Models: a file or a diffusers folder.',
  );
}

/** The one that says something about the most images; of several, the newest. Null where there is none. */
function captionSetOf(database: LibraryDatabase, { id }: DatasetRow): number | null {
  const found = database
    .prepare<[number], number>(
      `SELECT id FROM caption_set WHERE dataset_id = ? ORDER BY
         (SELECT count(*) FROM caption WHERE caption_set_id = caption_set.id AND text <> '') DESC, id DESC LIMIT 1`,
    )
    .pluck()
    .get(id);
  return found ?? null;
}

function freeName(database: LibraryDatabase, wanted: string): string {
  const taken = new Set(database.prepare<[], string>('SELECT name FROM run').pluck().all());
  if (!taken.has(wanted)) return wanted;
  for (let count = 2; ; count++) if (!taken.has(`${wanted} ${count}`)) return `${wanted} ${count}`;
}
