import { countOf, countText } from './quantities.ts';
import type { RunSpec } from './run-spec.ts';
import type { SamplerSettings } from './values.ts';

/** What somebody chose of a run; NaN stands for what is no number yet. */
export interface ChosenSettings {
  readonly method: RunSpec['method'];
  /** Pixels; null: as the base. */
  readonly resolution: number | null;
  readonly train: Pick<
    RunSpec['train'],
    | 'epochs'
    | 'batchSize'
    | 'gradientAccumulation'
    | 'learningRate'
    | 'warmupSteps'
    | 'noiseOffset'
    | 'patience'
  >;
  readonly recipe: Pick<SamplerSettings, 'steps' | 'guidanceScale' | 'width' | 'height'>;
}

/** What is known of what they are chosen for; null where it is not known yet. */
export interface AdviceContext {
  /** A learning rate that suits base, method and optimizer; null too where the optimizer goes by none. */
  readonly usualRate: number | null;
  /** Pixels the base was made for. */
  readonly baseResolution: number | null;
  /** Images that are trained on, each as often as an epoch uses it. */
  readonly images: number | null;
  readonly steps: number | null;
  readonly heldOut: number | null;
  /** How many epochs are kept. */
  readonly checkpoints: number | null;
}

/** A setting by its dotted path in a request, and what a person should know of what it is set to. */
export type Advice = ReadonlyMap<string, string>;

const manySteps = 200_000;

/**
 * Settings that are allowed and most likely not meant. Each has one sentence, which stands beside its field; none keeps
 * anybody from training.
 */
export function settingAdvice(settings: ChosenSettings, context: AdviceContext): Advice {
  const { method, train, recipe, resolution } = settings;
  const found = [
    ['train.learningRate', rateAdvice(train.learningRate, context.usualRate)],
    ['train.epochs', epochAdvice(train.epochs, context.steps)],
    ['train.batchSize', batchAdvice(train.batchSize, context.images)],
    ['train.gradientAccumulation', accumulationAdvice(train, context.images)],
    ['train.warmupSteps', warmupAdvice(train.warmupSteps, context.steps)],
    ['train.patience', patienceAdvice(train.patience, context)],
    [
      'train.noiseOffset',
      train.noiseOffset > 0.3 ? 'Usual is 0.05 to 0.1; more makes pictures too dark or too bright.' : null,
    ],
    ['method.rank', method.kind === 'lora' ? rankAdvice(method.rank) : null],
    ['resolution', resolution === null ? null : sizeAdvice(resolution, context.baseResolution)],
    ['recipe.width', sizeAdvice(recipe.width, context.baseResolution)],
    ['recipe.height', sizeAdvice(recipe.height, context.baseResolution)],
    ['recipe.steps', recipe.steps > 150 ? 'More than 50 steps change little and take longer.' : null],
    [
      'recipe.guidanceScale',
      recipe.guidanceScale > 20 ? 'Colours burn out long before this; 2 to 9 is usual.' : null,
    ],
  ] as const;
  return new Map(found.flatMap(([path, text]) => (text === null ? [] : [[path, text] as const])));
}

function rateAdvice(rate: number | undefined, usual: number | null): string | null {
  if (rate === undefined || usual === null || Number.isNaN(rate)) return null;
  const times = rate / usual;
  if (times >= 10)
    return `${timesText(times)} what suits this base and method (${rateText(usual)}): the model will most likely fall apart.`;
  if (times <= 0.02)
    return `A ${timesText(1 / times).replace(' times', 'th')} of what suits this base and method (${rateText(usual)}): little will be learned.`;
  return null;
}

const timesText = (times: number) => `${countText(Number(times.toPrecision(2)))} times`;

/** `0.0002`, `1e-5` */
const rateText = (rate: number) => (rate < 1e-4 ? rate.toExponential().replace('e-0', 'e-') : String(rate));

function epochAdvice(epochs: number, steps: number | null): string | null {
  if (steps !== null && steps > manySteps)
    return `That is ${countOf(steps, 'step')}; most runs have a few thousand.`;
  return epochs > 10_000 ? 'Most runs have fewer than 100 epochs.' : null;
}

function batchAdvice(batch: number, images: number | null): string | null {
  if (images === null || !(batch > images)) return null;
  return `There ${images === 1 ? 'is' : 'are'} only ${countOf(images, 'image')} to train on: a larger batch than that gains nothing.`;
}

function accumulationAdvice(
  { batchSize, gradientAccumulation }: ChosenSettings['train'],
  images: number | null,
): string | null {
  if (images === null || gradientAccumulation <= 1 || batchSize > images) return null;
  const together = batchSize * gradientAccumulation;
  if (!(together > images)) return null;
  return `One step would take ${countOf(together, 'image')}, and there ${images === 1 ? 'is' : 'are'} ${countText(images)}.`;
}

function warmupAdvice(warmup: number, steps: number | null): string | null {
  if (steps === null || warmup === 0 || !(warmup >= steps)) return null;
  return `The run has ${countOf(steps, 'step')}: the learning rate would never be reached.`;
}

function patienceAdvice(patience: number, { heldOut, checkpoints }: AdviceContext): string | null {
  if (!(patience > 0)) return null;
  if (heldOut === 0)
    return 'No image is held out, so there is no loss to end by. Hold out a few images, or leave patience out.';
  if (checkpoints !== null && patience >= checkpoints)
    return `Only ${countOf(checkpoints, 'epoch')} ${checkpoints === 1 ? 'is' : 'are'} kept, so it would never stop early.`;
  return null;
}

/** When a run ends early, in words. */
export function patienceText(patience: number): string {
  return `ends early when held-out loss has not fallen for ${countOf(patience, 'kept epoch')}`;
}

function rankAdvice(rank: number): string | null {
  return rank > 256
    ? 'Ranks of 4 to 128 are usual; a larger one makes a large file and learns little more.'
    : null;
}

function sizeAdvice(pixels: number, base: number | null): string | null {
  if (base === null || Number.isNaN(pixels)) return null;
  if (pixels > 2 * base) return `This base was made for ${base} px; much larger pictures show things twice.`;
  return pixels < base / 2 ? `This base was made for ${base} px and draws little that is smaller.` : null;
}
