import type { Model } from '../../../electron/contract/models.ts';
import { recipeOf, type RunSummary } from '../../../electron/contract/runs.ts';
import { useLowestKept } from '../../components/lowest-kept.ts';
import { useStudioQuery } from '../../studio/studio.tsx';
import { type BenchDraft, draftOf, firstDraft } from './bench-draft.ts';
import { baseOf, namedModel, usualModel } from './bench-models.ts';

export interface FirstDraft {
  /** Null until it is known. */
  readonly draft: BenchDraft | null;
  readonly error: unknown;
}

/**
 * What the bench begins with: the settings of the picture that `?sample=7` names, else the model that `?model=3` or
 * `?run=2&epoch=5` names, or else the newest run's epoch of the lowest held-out loss, with the run's own recipe and first prompt;
 * with `?lora=4`, that LoRA over it.
 */
export function useFirstDraft(
  search: string,
  models: readonly Model[],
  runs: readonly RunSummary[],
): FirstDraft {
  const sampleId = Number(new URLSearchParams(search).get('sample') ?? 0);
  const named = namedModel(search, models, runs);
  const usual = named ?? usualModel(models, runs);
  const lowest = useLowestKept(
    named === null && usual?.kind === 'run' ? runs.find(({ id }) => id === usual.runId) : undefined,
  );
  const model = usual?.kind === 'run' && lowest ? { ...usual, epoch: lowest.epoch } : usual;
  const wantsRun = sampleId === 0 && model?.kind === 'run';
  const sample = useStudioQuery('gallery.sample', { sampleId }, { enabled: sampleId > 0 });
  const run = useStudioQuery(
    'runs.get',
    { runId: model?.kind === 'run' ? model.runId : 0 },
    { enabled: wantsRun },
  );

  const lora = Number(new URLSearchParams(search).get('lora') ?? 0);
  const plain = {
    ...firstDraft(model, baseOf(model, models, runs)?.resolution ?? 512),
    loras: lora > 0 ? [{ loraId: lora, strength: 1 }] : [],
  };
  if (sampleId > 0) {
    // A picture that is gone is no reason for an empty bench.
    if (sample.error !== null) return { draft: plain, error: null };
    return { draft: sample.data === undefined ? null : draftOf(sample.data, plain), error: null };
  }
  if (!wantsRun) return { draft: plain, error: null };
  if (run.data === undefined || lowest === undefined) return { draft: null, error: run.error };
  const { request, prompts, seeds } = run.data;
  return {
    draft: {
      ...plain,
      recipe: recipeOf(request),
      prompt: prompts[0]?.prompt ?? '',
      negativePrompt: prompts[0]?.negativePrompt ?? '',
      seed: seeds[0] ?? 0,
    },
    error: null,
  };
}
