import type { InputOf } from '../../../electron/contract/api.ts';
import type { Sample } from '../../../electron/contract/gallery.ts';
import { type LoraChoice, mostLoraStrength } from '../../../electron/contract/loras.ts';
import { mostClipSkip, type SamplerSettings } from '../../../electron/contract/values.ts';

export type BenchModel = InputOf<'gallery.generate'>['model'];

/** What is set on the bench: the next pictures. */
export interface BenchDraft {
  readonly model: BenchModel | null;
  /** Laid over the model, in this order. */
  readonly loras: readonly LoraChoice[];
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly recipe: SamplerSettings;
  readonly seed: number;
  /** Whether the next picture has the same seed; otherwise it gets one at random. */
  readonly seedLocked: boolean;
  readonly count: number;
}

export const mostPictures = 16;
const seedRange = 2 ** 32;

export function firstDraft(model: BenchModel | null, resolution: number): BenchDraft {
  return {
    model,
    loras: [],
    prompt: '',
    negativePrompt: '',
    recipe: {
      sampler: 'dpm++-2m-karras',
      steps: 25,
      guidanceScale: 7.5,
      width: resolution,
      height: resolution,
    },
    seed: 0,
    seedLocked: true,
    count: 1,
  };
}

/** A seed of PyTorch's range that people still can read; `random` from 0 up to 1. */
export function randomSeed(random: () => number): number {
  return Math.floor(random() * seedRange);
}

/** As many seeds as pictures, one after the other. */
export function seedsOf({ seed, count }: Pick<BenchDraft, 'seed' | 'count'>): number[] {
  return Array.from({ length: count }, (_, index) => seed + index);
}

/** The draft that would make this very picture; locked, so that it does. */
export function draftOf(sample: Sample, draft: BenchDraft): BenchDraft {
  return {
    ...draft,
    model: modelOf(sample) ?? draft.model,
    loras: (sample.loras ?? []).map(({ loraId, strength }) => ({ loraId, strength })),
    prompt: sample.prompt,
    negativePrompt: sample.negativePrompt,
    recipe: sample.recipe,
    seed: sample.seed,
    seedLocked: true,
    count: 1,
  };
}

function modelOf({ modelId, runId, epoch }: Sample): BenchModel | null {
  if (modelId !== null) return { kind: 'model', modelId };
  return runId !== null && epoch !== null ? { kind: 'run', runId, epoch } : null;
}

/** The draft for another model: its own size where the old one was the old model's own. */
export function withModel(draft: BenchDraft, model: BenchModel, was: number | null, is: number): BenchDraft {
  const { width, height } = draft.recipe;
  const own = was !== null && width === was && height === was;
  return { ...draft, model, recipe: own ? { ...draft.recipe, width: is, height: is } : draft.recipe };
}

/**
 * Why the draft makes no picture yet; null where it does. Sides must be multiples of `pixelStep`.
 * @param layers of the model's text encoder, as far as they may be skipped
 */
export function faultOf(
  { model, loras, recipe, seed, count }: BenchDraft,
  pixelStep: number,
  layers = mostClipSkip,
): string | null {
  if (model === null) return 'Choose a model.';
  if (loras.some(({ strength }) => !(Math.abs(strength) <= mostLoraStrength)))
    return `The strength of a LoRA goes from -${mostLoraStrength} to ${mostLoraStrength}.`;
  const whole = (value: number, least: number) => Number.isInteger(value) && value >= least;
  if (!whole(recipe.steps, 1) || recipe.steps > 1000) return 'Steps go from 1 to 1000.';
  if (!(recipe.guidanceScale >= 0 && recipe.guidanceScale <= 100)) return 'Guidance goes from 0 to 100.';
  const { clipSkip = 1 } = recipe;
  if (!whole(clipSkip, 1) || clipSkip > layers) return `Clip skip goes from 1 to ${layers}.`;
  const sides = [recipe.width, recipe.height];
  if (sides.some((side) => !whole(side, 8) || side > 4096 || side % pixelStep !== 0)) {
    return `Width and height are multiples of ${pixelStep}, up to 4096.`;
  }
  if (!whole(seed, 0) || seed + count > Number.MAX_SAFE_INTEGER)
    return 'The seed is a whole number from 0 up.';
  return whole(count, 1) && count <= mostPictures ? null : `Make 1 to ${mostPictures} pictures at once.`;
}
