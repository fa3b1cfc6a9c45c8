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

/** A model's pictures come in steps of this: the pixels that are one number of their latents. */
export const pictureStep = 8;
const largestPicture = 4096;

const whole = (value: number, least: number) => Number.isInteger(value) && value >= least;

/**
 * What is wrong with numbers of a recipe, by the field.
 * @param layers of the model's text encoder, as far as they may be skipped
 */
export function recipeFaults(
  { steps, guidanceScale, clipSkip = 1, width, height }: SamplerSettings,
  layers = mostClipSkip,
): Readonly<Partial<Record<keyof SamplerSettings, string>>> {
  const isSide = (side: number) =>
    whole(side, pictureStep) && side <= largestPicture && side % pictureStep === 0;
  const size = (side: string) => `${side} is a multiple of ${pictureStep}, up to ${largestPicture}.`;
  return {
    ...(!(whole(steps, 1) && steps <= 1000) && { steps: 'Steps go from 1 to 1000.' }),
    ...(!(guidanceScale >= 0 && guidanceScale <= 100) && { guidanceScale: 'Guidance goes from 0 to 100.' }),
    ...(!(whole(clipSkip, 1) && clipSkip <= layers) && { clipSkip: `Clip skip goes from 1 to ${layers}.` }),
    ...(!isSide(width) && { width: size('Width') }),
    ...(!isSide(height) && { height: size('Height') }),
  };
}

/** Why the draft makes no picture yet; null where it does. */
export function faultOf(
  { model, loras, recipe, seed, count }: BenchDraft,
  layers = mostClipSkip,
): string | null {
  if (model === null) return 'Choose a model.';
  if (loras.some(({ strength }) => !(Math.abs(strength) <= mostLoraStrength)))
    return `The strength of a LoRA goes from -${mostLoraStrength} to ${mostLoraStrength}.`;
  const [fault] = Object.values(recipeFaults(recipe, layers));
  if (fault !== undefined) return fault;
  if (!whole(seed, 0) || seed + count > Number.MAX_SAFE_INTEGER)
    return 'The seed is a whole number from 0 up.';
  return whole(count, 1) && count <= mostPictures ? null : `Make 1 to ${mostPictures} pictures at once.`;
}
