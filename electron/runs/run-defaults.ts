import { readFile } from 'node:fs/promises';

import { Failure } from '../../native/failure.ts';
import { parseJsonText, validateRunSpec } from '../contract/parse-run-spec.ts';
import { type RunSpec, runSpecSchema } from '../contract/run-spec.ts';
import type { FormMethod, RunAim, RunRequest } from '../contract/runs.ts';
import type { Settings } from '../contract/system.ts';
import type { LibraryDatabase } from '../library/database.ts';
import { freeName } from '../library/free-name.ts';
import { aimFacts } from './aims.ts';
import { type CardAdvice, cardAdvice, noAdvice } from './card-advice.ts';
import { type BaseTraits, proposedGuidance, proposedMethod, proposedTraining } from './proposed-training.ts';
import { proposedWord } from './word-defaults.ts';

export interface DefaultsChoice {
  readonly datasetId: number | null;
  readonly baseModelId: number | null;
  readonly method: FormMethod | null;
  readonly aim?: RunAim | null;
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
  readonly components: string;
}
interface Base extends BaseTraits, Pick<BaseRow, 'id' | 'kind'> {}
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
  const aim = choice.aim ?? 'style';
  const captionSet = captionSetOf(database, dataset);
  const tuned =
    dataset.sample === 1 &&
    base.kind === 'embedded' &&
    (choice.method ?? 'full') === 'full' &&
    aim === 'style'
      ? await readTuned(deps.sampleRunFile)
      : null;
  const method = tuned?.method ?? methodOf(choice.method ?? proposedMethod(base), aim, dataset.name);
  const { provider, gpu, costRate } = deps.settings();
  const samples = tuned?.samples;
  const { width, height, ...recipe } = samples ?? recipeDefaults;
  return {
    name: freeName(runNames(database), dataset.name),
    baseModelId: base.id,
    datasetId: dataset.id,
    captionSetIds: captionSet === null ? [] : [captionSet],
    shares: ['all'],
    moreBaseIds: [],
    method,
    resolution: tuned?.resolution ?? null,
    train: tuned?.train ?? proposedTraining(method, aim, base, dataset.images),
    prompts: [...(samples?.prompts ?? [])],
    seeds: [...(samples?.seeds ?? [0])],
    recipe: {
      sampler: recipe.sampler,
      steps: recipe.steps,
      guidanceScale: samples === undefined ? proposedGuidance(base) : recipe.guidanceScale,
      width: width ?? base.resolution,
      height: height ?? base.resolution,
    },
    prior: null,
    provider,
    gpu,
    tf32: false,
    costRate,
  };
}

const recipeDefaults = runSpecSchema.shape.samples.parse(undefined);

function methodOf(kind: FormMethod, aim: RunAim, dataset: string): RunSpec['method'] {
  if (kind === 'embedding') return proposedWord(dataset, aim);
  if (kind === 'full') return { kind, textEncoder: false };
  const { rank, textEncoder } = aimFacts[aim];
  return { kind, textEncoder, rank };
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
function baseOf(database: LibraryDatabase, id: number | null): Base {
  const row = database
    .prepare<[number | null, number | null], BaseRow>(
      `SELECT id, kind, resolution, components FROM model WHERE ? IS NULL OR id = ?
       ORDER BY (SELECT max(id) FROM run WHERE base_model_id = model.id) DESC NULLS LAST,
         kind = 'finetune', id DESC LIMIT 1`,
    )
    .get(id, id);
  if (row !== undefined) {
    const components = JSON.parse(row.components) as readonly { readonly parameters: number }[];
    const parameters = components.reduce((sum, component) => sum + component.parameters, 0);
    return { ...row, parameters: parameters === 0 ? null : parameters, advice: adviceFor(database, row.id) };
  }
  throw new Failure(
    'no-model',
    'There is no model to start from.',
    'Add one under Models: a file or a diffusers folder.',
  );
}

/** What its own card says, or that of the nearest of the models it was finetuned from. */
function adviceFor(database: LibraryDatabase, id: number): CardAdvice {
  const cards = database
    .prepare<[number], string | null>(
      `WITH RECURSIVE line (id, parent_id, card, depth) AS (
         SELECT id, parent_id, card, 0 FROM model WHERE id = ?
         UNION ALL
         SELECT model.id, model.parent_id, model.card, depth + 1 FROM model JOIN line ON model.id = line.parent_id
         WHERE depth < 100)
       SELECT card FROM line ORDER BY depth`,
    )
    .pluck()
    .all(id);
  return cards.map(cardAdvice).find((advice) => advice !== noAdvice) ?? noAdvice;
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

/** Also what runs that were started together are named after, each with its own part behind a comma: `foxes, rate 1e-4`. */
function runNames(database: LibraryDatabase): ReadonlySet<string> {
  const names = database.prepare<[], string>('SELECT name FROM run').pluck().all();
  return new Set(
    names.flatMap((name) => {
      const parts = name.split(', ');
      return parts.map((_, index) => parts.slice(0, index + 1).join(', '));
    }),
  );
}
