import type { Sample } from '../../../electron/contract/gallery.ts';
import type { Model } from '../../../electron/contract/models.ts';
import type { RunSummary } from '../../../electron/contract/runs.ts';
import type { BenchModel } from './bench-draft.ts';

/** What pictures can be made with, for a list: models of the library, and runs with their epochs. */
export interface Choice {
  readonly value: string;
  readonly label: string;
}

export function modelChoices(
  models: readonly Model[],
  runs: readonly RunSummary[],
): readonly { readonly group: string; readonly items: Choice[] }[] {
  const kept = models
    .filter(({ missing }) => !missing)
    .map(({ id, name }) => ({ value: `model ${id}`, label: name }));
  const trained = runs
    .filter(({ checkpoints }) => checkpoints.length > 0)
    .map(({ id, name }) => ({ value: `run ${id}`, label: name }));
  return [
    { group: 'Models', items: kept },
    { group: 'Runs', items: trained },
  ].filter(({ items }) => items.length > 0);
}

export function choiceOf(model: BenchModel | null): string | null {
  if (model === null) return null;
  return model.kind === 'model' ? `model ${model.modelId}` : `run ${model.runId}`;
}

/** The model that a list entry stands for; of a run, its last epoch. */
export function modelOfChoice(value: string, runs: readonly RunSummary[]): BenchModel | null {
  const [kind, id] = value.split(' ');
  if (kind === 'model') return { kind: 'model', modelId: Number(id) };
  const run = runs.find((one) => one.id === Number(id));
  return run === undefined ? null : { kind: 'run', runId: run.id, epoch: run.checkpoints.at(-1) ?? 0 };
}

/** The library's model that a choice is, or was finetuned from: it says which sizes are possible. */
export function baseOf(
  model: BenchModel | null,
  models: readonly Model[],
  runs: readonly RunSummary[],
): Model | undefined {
  if (model === null) return undefined;
  const id = model.kind === 'model' ? model.modelId : runs.find((run) => run.id === model.runId)?.baseModelId;
  return models.find((one) => one.id === id);
}

/** `?model=3`, or `?run=2&epoch=5`; null where the address names neither, or none that is there. */
export function namedModel(
  search: string,
  models: readonly Model[],
  runs: readonly RunSummary[],
): BenchModel | null {
  const params = new URLSearchParams(search);
  const modelId = Number(params.get('model') ?? 0);
  if (models.some(({ id }) => id === modelId)) return { kind: 'model', modelId };
  const run = runs.find(({ id }) => id === Number(params.get('run') ?? 0));
  if (run === undefined || !params.has('epoch')) return null;
  const epoch = Number(params.get('epoch'));
  return epoch === 0 || run.checkpoints.includes(epoch) ? { kind: 'run', runId: run.id, epoch } : null;
}

/** What to begin with where the address names nothing: what was trained last, else the first model. */
export function usualModel(models: readonly Model[], runs: readonly RunSummary[]): BenchModel | null {
  const run = [...runs]
    .sort((a, b) => b.createdAt - a.createdAt)
    .find(({ checkpoints }) => checkpoints.length > 0);
  if (run !== undefined) return { kind: 'run', runId: run.id, epoch: run.checkpoints.at(-1)! };
  const model = models.find(({ missing }) => !missing);
  return model === undefined ? null : { kind: 'model', modelId: model.id };
}

export function modelText(
  of: Pick<Sample, 'modelId' | 'runId' | 'epoch' | 'loras'>,
  models: readonly Model[],
  runs: readonly RunSummary[],
): string {
  const laid = (of.loras ?? []).map(({ name, strength }) => ` + ${name} ${strength}`);
  return plainText(of, models, runs) + laid.join('');
}

function plainText(
  of: Pick<Sample, 'modelId' | 'runId' | 'epoch'>,
  models: readonly Model[],
  runs: readonly RunSummary[],
): string {
  const model = models.find(({ id }) => id === of.modelId);
  if (model !== undefined) return model.name;
  const run = runs.find(({ id }) => id === of.runId);
  if (run === undefined) return 'a model that is gone';
  return of.epoch === 0 ? `${run.name}, base` : `${run.name}, epoch ${of.epoch}`;
}
