import { rateForSize, usualLearningRate, usualSteps } from '../../native/facts/methods.ts';
import { type RunSpec, runSpecSchema, usualCheckpoints } from '../contract/run-spec.ts';
import type { FormMethod, RunAim } from '../contract/runs.ts';
import { aimFacts, withTextEncoder } from './aims.ts';
import type { CardAdvice } from './card-advice.ts';
import { wordTraining } from './word-defaults.ts';

/** What of a base decides how it is trained. */
export interface BaseTraits {
  readonly resolution: number;
  /** Weights; null where nobody has counted them yet. */
  readonly parameters: number | null;
  readonly advice: CardAdvice;
}

const usualGuidance = runSpecSchema.shape.samples.parse(undefined).guidanceScale;

/** Models as large as Stable Diffusion are finetuned whole by few machines. */
export function proposedMethod({ resolution }: Pick<BaseTraits, 'resolution'>): FormMethod {
  return resolution >= 256 ? 'lora' : 'full';
}

/** Small models are drawn from at little guidance: at the usual one their colours burn out. */
export function proposedGuidance({ advice, resolution }: Pick<BaseTraits, 'advice' | 'resolution'>): number {
  return advice.guidanceScale ?? (resolution <= 128 ? 3 : usualGuidance);
}

/** A run ends with an epoch that is kept in any case; fewer than five teach little. */
const usualEpochs = usualCheckpoints.filter((epoch) => epoch >= 5);

/** How a base is proposed to be trained on so many images, by the page's form and by the command line. */
export function proposedTraining(
  method: RunSpec['method'],
  aim: RunAim,
  base: BaseTraits,
  images: number,
): RunSpec['train'] {
  const { advice, resolution } = base;
  const large = method.kind === 'lora' && resolution < 1024 ? 2 : 1;
  const usualBatch = resolution <= 128 ? 8 : resolution <= 256 ? 4 : large;
  // A batch of a few images that are all there is teaches them by heart.
  const batchSize = Math.max(1, Math.min(advice.batchSize ?? usualBatch, Math.floor(images / 4)));
  const perEpoch = Math.max(1, Math.ceil(images / batchSize));
  const steps = (advice.steps ?? usualSteps(method.kind)) * aimFacts[aim].steps;
  const enough = (count: number): boolean => count * perEpoch >= steps && count >= (advice.epochs ?? 1);
  const epochs = usualEpochs.find(enough) ?? 100;
  const { schedule, emaDecay, minSnrGamma } = advice;
  // What a card says is meant for a run of usual length: a short one would be over before it has warmed up.
  const warmupSteps =
    advice.warmupSteps && Math.min(advice.warmupSteps, Math.floor((epochs * perEpoch) / 10));
  return runSpecSchema.shape.train.parse({
    epochs,
    batchSize,
    learningRate: proposedRate(method, base),
    randomFlip: aimFacts[aim].randomFlip,
    ...{ schedule, warmupSteps, emaDecay, minSnrGamma },
    ...(method.kind === 'embedding' && wordTraining),
  });
}

/** Under AdamW. */
export function proposedRate(method: RunSpec['method'], base: BaseTraits): number {
  const usual = usualLearningRate(method.kind, { kind: 'adamw' });
  // A word's vectors are as large as ever in small models.
  if (method.kind === 'embedding') return usual;
  const rate = rateOfCard(method, base.advice) ?? rateForSize(usual, base.parameters);
  const slower = 'textEncoder' in method && method.textEncoder ? withTextEncoder : 1;
  return Number((rate * slower).toPrecision(2));
}

/** The learning rate that a card names for a method, under AdamW. */
export function rateOfCard({ kind }: RunSpec['method'], { learningRate }: CardAdvice): number | undefined {
  return kind === 'full' || kind === 'lora' ? learningRate[kind] : undefined;
}
