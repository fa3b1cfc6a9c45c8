/**
 * The file that describes a training run, as a person writes it: one JSON object, strict, with a default for all
 * but the base model and the data. Paths are as written; `resolveRunSpecPaths` makes them absolute.
 */
import { z } from 'zod';

import { captionTokenChoices, mostClipSkip } from '../../native/facts/caption-reading.ts';
import type { LoraExtras } from '../../native/facts/methods.ts';
import type { OptimizerSettings } from '../../native/facts/optimizers.ts';
import { withOptimizer } from '../../native/facts/optimizers.ts';
import { type PrecisionChoice, precisionChoices } from '../../native/facts/precision.ts';
import { samplers } from '../../native/facts/samplers.ts';
import { convSearches, providers } from '../../native/runtime/runtime.ts';
import { augmentationSchema } from './augmentation-spec.ts';
import { shareSchema } from './data-share.ts';
import { lossSchema, noiseSchema } from './loss-spec.ts';
import { maskSchema } from './mask-spec.ts';
import { onceBeside, optimizerSchema, refuseBeside } from './optimizer-spec.ts';
import { priorSchema } from './prior-spec.ts';
import { wordFilesSchema, wordMethodSchema } from './word-spec.ts';

/** Larger than anybody means, and small enough that nothing overflows of it. */
const natural = z.int().min(1).max(1e9);
/** Of pictures, in pixels: far more than any model makes, or memory holds. */
export const largestSide = 8192;
/** As many as there are timesteps. */
export const mostSamplingSteps = 1000;
const side = natural.max(largestSide);
/** More than any machine has, and few enough that starting them ends nothing. */
const mostThreads = 1024;
const fromZero = z.number().min(0).max(1e9);
const positive = z.number().positive().max(1e9);
const probability = z.number().min(0).max(1);
const decay = z.number().min(0).lt(1);
const text = z.string().min(1).max(100_000);
const words = z.string().max(100_000);
const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

const captions = z.discriminatedUnion('kind', [
  /** What came with the images: text files beside them, else captions in their metadata, else class tokens. */
  z.strictObject({ kind: z.literal('sidecar') }),
  /** The same words for every image. */
  z.strictObject({ kind: z.literal('fixed'), text }),
  /** `official art of ${name}, ${type}` over the columns of the folder's metadata. */
  z.strictObject({ kind: z.literal('template'), template: text }),
  /** One column of the folder's metadata. */
  z.strictObject({ kind: z.literal('column'), column: text }),
  /** No words at all. */
  z.strictObject({ kind: z.literal('empty') }),
]);

const data = z.strictObject({
  folder: text,
  captions: captions.prefault({ kind: 'sidecar' }),
  /** Fields for templates out of file names, such as `{name}_{type}`. */
  fileNamePattern: text.optional(),
  /**
   * Images held out: how many (1 or more), which part (below 1), which, by path within the folder, or `marked`: those
   * whose metadata column `split` says `validation`.
   */
  validation: z
    .union(
      [z.int().min(0).max(1e9), z.number().min(0).lt(1), z.array(text).max(1_000_000), z.literal('marked')],
      {
        error:
          'must be a number of images, a fraction below 1, a list of images by their path in the data folder, or "marked"',
      },
    )
    .default(0),
  /** How many of the images that are not held out are trained on, drawn by the seed. */
  share: shareSchema.default('all'),
  /** How often each image is used in one epoch, besides what the number before a folder's name says. */
  repeats: natural.max(100_000).default(1),
});

export type { LoraExtras };

const blockRank = z.int().min(0).max(16_384).optional();

/** What few LoRAs are trained with; what does nothing is left out. */
const loraExtras = {
  /** Ranks of blocks that have another than the rest; 0: nothing is trained there. */
  blockRanks: z
    .strictObject({ down: blockRank, mid: blockRank, up: blockRank, textEncoder: blockRank })
    .optional(),
  /** LoCon: trains convolutions too, in this rank. */
  convRank: natural.max(16_384).optional(),
  /** Left out: the rank on convolutions. */
  convAlpha: positive.optional(),
  /** Probability of leaving out each rank, for each image of a step. */
  rankDropout: decay.optional(),
  /** LoRA+: how many times the learning rate the up matrices go by. */
  upRate: positive.max(1000).optional(),
  /** DoRA: trains how long each output's weights are besides where they point. */
  dora: z.boolean().optional(),
};

const method = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('full'), textEncoder: z.boolean().default(false) }),
  z.strictObject({
    kind: z.literal('lora'),
    textEncoder: z.boolean().default(false),
    rank: natural.max(16_384).default(16),
    /** Left out: the rank, for a strength of 1. */
    alpha: positive.optional(),
    /** The file of a LoRA to train on, which has this rank; left out: it begins as no change. */
    from: text.optional(),
    ...loraExtras,
  }),
  wordMethodSchema,
  z.strictObject({ kind: z.literal('scratch') }),
  z.strictObject({ kind: z.literal('vae'), kl: fromZero.default(1e-6) }),
]);

/** Methods that a run file can name. */
export const methodKinds = method.options.map(({ shape }) => shape.kind.value);

/** Epochs that are kept where nobody chose. */
export const usualCheckpoints: readonly number[] = [1, 2, 5, 15, 30, 45, 60, 70, 100];

/** How a learning rate goes over a run, after its warm-up. */
export const schedules = ['constant', 'linear', 'cosine'] as const;

/** Whatever needs all gradients at once cannot go with updates that wait for none. */
function refuseFused(
  {
    fusedBackward,
    gradientAccumulation,
    imagesAtOnce,
    precision,
    optimizer,
  }: {
    readonly fusedBackward: boolean;
    readonly gradientAccumulation: number;
    readonly imagesAtOnce?: number | undefined;
    readonly precision: PrecisionChoice;
    readonly optimizer?: OptimizerSettings | undefined;
  },
  context: z.RefinementCtx,
): void {
  if (!fusedBackward) return;
  const refuse = (message: string): void => {
    context.addIssue({ code: 'custom', path: ['fusedBackward'], message });
  };
  if (gradientAccumulation > 1) refuse('cannot be on with gradient accumulation: set that to 1');
  if (imagesAtOnce !== undefined)
    refuse('cannot be on where images are computed some at a time: leave imagesAtOnce out');
  if (precision === 'float16') refuse('cannot be on in float16: compute in float32');
  if (optimizer?.kind === 'prodigy') refuse('cannot be on with Prodigy, which looks at all weights at once');
}

const train = z
  .strictObject({
    epochs: natural.max(1_000_000).default(100),
    /** Epochs to keep; those past the end are left out, and the last epoch is always kept. */
    checkpoints: z
      .array(natural)
      .max(100_000)
      .default([...usualCheckpoints]),
    batchSize: natural.max(4096).default(1),
    gradientAccumulation: natural.max(65_536).default(1),
    /** How many images of a batch are computed at once; left out: all. */
    imagesAtOnce: natural.max(4096).optional(),
    /** Left out: what suits method and optimizer, by `usualLearningRate`. */
    learningRate: positive.max(100).optional(),
    schedule: z.enum(schedules).default('constant'),
    warmupSteps: z.int().min(0).max(1e9).default(0),
    /** Left out: AdamW. */
    optimizer: optimizerSchema.optional(),
    ...onceBeside,
    maxGradientNorm: fromZero.default(1),
    emaDecay: decay.default(0),
    minSnrGamma: fromZero.default(0),
    noiseOffset: fromZero.default(0),
    captionDropout: probability.default(0.1),
    randomFlip: z.boolean().default(false),
    seed: seed.default(0),
    checkpointPrecision: z.enum(['float32', 'float16']).default('float16'),
    /** What is computed in; `auto`: what suits the device. */
    precision: z.enum(precisionChoices).default('auto'),
    /** Whether weights are updated during the backward pass, on the processor. */
    fusedBackward: z.boolean().default(false),
    stateEveryMinutes: positive.default(10),
    /** Ends the run when held-out loss has not fallen for this many checkpoints; 0: never. */
    patience: z.int().min(0).max(100_000).default(0),
    /** Which layer of the text encoder is read, as A1111 counts: 1 is the last. */
    clipSkip: z.int().min(1).max(mostClipSkip).default(1),
    /** Tokens of a caption that are read. */
    captionTokens: z.literal(captionTokenChoices).default(75),
    loss: lossSchema.prefault({}),
    noise: noiseSchema.prefault({}),
    masks: maskSchema.prefault({}),
    augmentation: augmentationSchema.prefault({}),
  })
  .superRefine(refuseBeside)
  .superRefine(refuseFused)
  .transform(withOptimizer);

/** A prompt may be written as plain text. */
const prompt = z.union(
  [
    words.transform((given) => ({ prompt: given, negativePrompt: '' })),
    z.strictObject({ prompt: words, negativePrompt: words.default('') }),
  ],
  { error: 'must be a text, or an object with "prompt" and "negativePrompt"' },
);

const samples = z.strictObject({
  /** None: the captions of up to four held-out images, or of the first images. */
  prompts: z.array(prompt).max(10_000).default([]),
  seeds: z.array(seed).min(1).max(10_000).default([0]),
  sampler: z.enum(samplers).default('dpm++-2m-karras'),
  steps: natural.max(mostSamplingSteps).default(25),
  guidanceScale: fromZero.max(1000).default(7.5),
  /** Left out: the one that is trained with. */
  clipSkip: z.int().min(1).max(mostClipSkip).optional(),
  /** Files of new words for the prompts, besides the one that the run teaches. */
  embeddings: wordFilesSchema.optional(),
  /** Pixels; left out: the run's resolution. */
  width: side.optional(),
  height: side.optional(),
  batchSize: natural.max(4096).default(4),
});

const device = z.strictObject({
  provider: z.enum(providers).optional(),
  /** Of several for CUDA: its number as `nvidia-smi` counts, or its place; left out, the one with most free memory. */
  gpu: z
    .union([z.int().min(0).max(999).transform(String), z.string().max(40)])
    .refine((named) => /^(\d+|[\da-f]+:[\da-f]+:[\da-f]+\.\d)$/i.test(named), {
      error: 'is a number, as 1, or a place, as 00000000:01:00.0',
    })
    .optional(),
  api: z.enum(['c-api', 'node']).optional(),
  threads: natural.max(mostThreads).optional(),
  /** CUDA: shortened products, launches in one, how convolutions are chosen; left out: exact, one by one, by heuristics. */
  tf32: z.boolean().optional(),
  cudaGraphs: z.boolean().optional(),
  convSearch: z.enum(convSearches).optional(),
});

export const runSpecSchema = z.strictObject({
  name: text.optional(),
  /** A diffusers folder, or a file of a whole model. */
  base: text,
  data,
  method: method.prefault({ kind: 'full' }),
  /** Side of the square whose area the images are brought to, in pixels; left out: what the base was made for. */
  resolution: side.optional(),
  train: train.prefault({}),
  samples: samples.prefault({}),
  /** Left out: nothing is trained on but the images. */
  prior: priorSchema.optional(),
  /** Where the run comes to lie; left out: `runs/<name>`. */
  folder: text.optional(),
  /** Where latents and text embeddings are kept between runs; left out: the user's cache folder. */
  cacheFolder: text.optional(),
  device: device.prefault({}),
});

export type RunSpec = z.output<typeof runSpecSchema>;
export type SamplesSpec = RunSpec['samples'];
