import { z } from 'zod';

import { shareSchema } from './data-share.ts';
import { priorSchema } from './prior-spec.ts';
import { largestSide, methodKinds, runSpecSchema, schedules } from './run-spec.ts';
import { sweepSchema } from './sweep.ts';
import {
  areFewPictures,
  command,
  costRateSchema,
  done,
  failureSchema,
  fewIds,
  gpuPlace,
  id,
  ids,
  mostPicturesOfEpoch,
  nameText,
  nothing,
  promptList,
  promptSchema,
  providerName,
  query,
  type SamplerSettings,
  samplerSettingsSchema,
  seedList,
  sizeSchema,
  time,
} from './values.ts';

const tooManyPictures = `prompts times seeds must be at most ${mostPicturesOfEpoch}`;

const requestFields = z.strictObject({
  name: nameText,
  baseModelId: id,
  datasetId: id,
  captionSetIds: fewIds.min(1),
  /** How many of the images; several make as many runs. */
  shares: z.array(shareSchema).min(1).max(20).default(['all']),
  /** Bases besides the first, each for runs of its own. */
  moreBaseIds: fewIds.default([]),
  method: runSpecSchema.shape.method,
  /** Pixels; null: what the base was made for. */
  resolution: z.int().min(8).max(largestSide).nullable().default(null),
  train: runSpecSchema.shape.train,
  /** Empty: captions of up to four held-out images, or of the first images. */
  prompts: promptList.default([]),
  seeds: seedList.min(1).default([0]),
  recipe: samplerSettingsSchema,
  /** Null: nothing is trained on but the images. */
  prior: priorSchema.nullable().default(null),
  /** Null: the best there is. */
  provider: providerName.nullable().default(null),
  /** Of several for CUDA, by its place; null: the one with most free memory. */
  gpu: gpuPlace.nullable().default(null),
  /** Whether CUDA may shorten the numbers it multiplies. */
  tf32: z.boolean().default(false),
  costRate: costRateSchema.default({ kind: 'none' }),
  /** Several values for settings of `train` or `method`: a run for each combination. */
  sweep: sweepSchema.optional(),
});

/** Methods that the form offers. */
export const formMethods = ['full', 'lora', 'embedding'] as const;
export type FormMethod = (typeof formMethods)[number];

/** What a run is to learn, which its settings are proposed by. */
export const runAims = ['style', 'character', 'object'] as const;
export type RunAim = (typeof runAims)[number];

/** What a person chooses of a run. Several caption sets, shares or bases make as many runs, alike in everything else. */
export const runRequestSchema = requestFields.refine(areFewPictures, tooManyPictures);
export type RunRequest = z.output<typeof runRequestSchema>;

/** How a run's pictures are made: at its own clip skip, where nobody chose another. */
export function recipeOf({ recipe, train }: Pick<RunRequest, 'recipe' | 'train'>): SamplerSettings {
  const { clipSkip = train.clipSkip, ...rest } = recipe;
  return clipSkip > 1 ? { ...rest, clipSkip } : rest;
}

/** A run before it starts. Everything over time is by epoch. */
export const runPlanSchema = z.object({
  images: z.int(),
  heldOut: z.int(),
  resolution: z.int(),
  buckets: z.array(sizeSchema.extend({ images: z.int() })),
  stepsPerEpoch: z.int(),
  epochs: z.int(),
  steps: z.int(),
  /** Epochs that are kept. */
  checkpoints: z.array(z.int()),
  /** As many runs are started. */
  runs: z.int(),
  /** Of several runs what each comes to; seconds are null where its speed is not known. */
  each: z
    .array(
      z.object({
        name: z.string(),
        images: z.int(),
        steps: z.int(),
        seconds: z.number().nullable(),
        cost: z.number().nullable(),
        diskBytes: z.number(),
      }),
    )
    .default([]),
  /** From the speed of earlier runs like it; null where there were none. */
  secondsPerEpoch: z.number().nullable(),
  /** Of making a run's class images first, where none is there yet; null where there are none to make, or as above. */
  classImageSeconds: z.number().nullable().default(null),
  /** Of all runs; null as above. */
  seconds: z.number().nullable(),
  cost: z.number().nullable(),
  /** Of all checkpoints and the state, in bytes. */
  diskBytes: z.number(),
  /** Of prepared images in the cache, which runs share; runs planned before it was counted have none. */
  cacheBytes: z.number().default(0),
  freeDiskBytes: z.number(),
  /** What a step takes, in bytes; what keeps activations comes on top where `memoryParts` is null. */
  memoryBytes: z.number(),
  memoryParts: z
    .object({
      weights: z.number(),
      gradients: z.number(),
      state: z.number(),
      activations: z.number(),
      workspace: z.number(),
      program: z.number(),
      /** Whether for want of memory activations are computed again that it would be quicker to keep. */
      recompute: z.boolean(),
    })
    .nullable(),
  parameters: z.int(),
  trainedParameters: z.int(),
  captionExamples: z.array(z.string()),
  /** Words of the captions that the base hardly knows. */
  unknownWords: z.array(z.string()).default([]),
  prompts: z.array(promptSchema),
  /** Class images trained on beside the others: how many, and whether the base makes them first. */
  classImages: z.object({ count: z.int(), made: z.boolean() }).nullable().default(null),
  warnings: z.array(z.string()),
  /** Each time the run was trained on: from which epoch to which, at which rate where that was chosen anew. */
  extensions: z
    .array(
      z.object({
        from: z.int(),
        to: z.int(),
        rates: z.object({ learningRate: z.number(), schedule: z.string() }).nullable(),
      }),
    )
    .optional(),
});
export type RunPlan = z.output<typeof runPlanSchema>;

export const runStatusSchema = z.enum([
  'queued',
  /** Loading, encoding, building graphs. */
  'preparing',
  'training',
  /** Stops at the end of the step under way. */
  'stopping',
  /** By a person; goes on when asked to. */
  'paused',
  'finished',
  'failed',
  /** Screenfold ended while it ran; resumable. */
  'interrupted',
  'cancelled',
]);
export type RunStatus = z.output<typeof runStatusSchema>;

export const runSummarySchema = z.object({
  id,
  name: z.string(),
  status: runStatusSchema,
  /** Place in the queue, from 1; null unless queued. */
  queuePosition: z.int().nullable(),
  datasetId: id.nullable(),
  datasetName: z.string(),
  captionSetName: z.string(),
  baseModelId: id.nullable(),
  baseName: z.string(),
  method: z.enum(methodKinds),
  epochs: z.int(),
  epoch: z.int(),
  step: z.int(),
  steps: z.int(),
  /** Kept epochs that are there, epoch 0 (the base) not among them. */
  checkpoints: z.array(z.int()),
  trainLoss: z.number().nullable(),
  validationLoss: z.number().nullable(),
  /** Computing time so far. */
  seconds: z.number(),
  cost: z.number().nullable(),
  failure: failureSchema.nullable(),
  createdAt: time,
  startedAt: time.nullable(),
  endedAt: time.nullable(),
  /** A finished sample to show it by. */
  coverSampleId: id.nullable(),
});
export type RunSummary = z.output<typeof runSummarySchema>;

export const runDetailSchema = runSummarySchema.extend({
  request: runRequestSchema,
  plan: runPlanSchema,
  folder: z.string(),
  prompts: z.array(promptSchema),
  seeds: z.array(z.int()),
  bytes: z.number(),
  /** What of it is kept to go on from; 0 where there is nothing. */
  stateBytes: z.number(),
  /** Every stretch of computing, by epoch. */
  ledger: z.array(
    z.object({ epoch: z.int(), seconds: z.number(), images: z.int(), cost: z.number().nullable() }),
  ),
});
export type RunDetail = z.output<typeof runDetailSchema>;

/** Of a run under way, a few times a second. */
export const runProgressSchema = z.object({
  runId: id,
  status: runStatusSchema,
  /** `encoding images` and the like, and how far; null while training. */
  phase: z.string().nullable(),
  done: z.int(),
  total: z.int(),
  epoch: z.int(),
  epochs: z.int(),
  step: z.int(),
  steps: z.int(),
  loss: z.number().nullable(),
  learningRate: z.number().nullable(),
  imagesPerSecond: z.number().nullable(),
  secondsLeft: z.number().nullable(),
  /** Computing time so far. */
  seconds: z.number(),
  cost: z.number().nullable(),
  /** What it computes on, and why on nothing better; null until its engine has said so. */
  device: z.object({ provider: providerName, notes: z.array(z.string()) }).nullable(),
});
export type RunProgress = z.output<typeof runProgressSchema>;

export const epochLossesSchema = z.object({
  epoch: z.int(),
  trainLoss: z.number().nullable(),
  validationLoss: z.number().nullable(),
  /** Of as many training images, at the same noise as the held-out ones; left out in runs from before it was measured. */
  seenLoss: z.number().nullable().optional(),
  /** What groups of held-out images add to the held-out loss, the same groups at every epoch. */
  validationParts: z.array(z.number()).optional(),
});

export const runMetricsSchema = z.object({
  /** Thinned out to at most a few thousand points: each the mean of those it stands for. */
  steps: z.object({
    step: z.array(z.number()),
    /** Fraction of an epoch counts: 2.5 is in the middle of the third. */
    epoch: z.array(z.number()),
    loss: z.array(z.number()),
    learningRate: z.array(z.number()),
    gradientNorm: z.array(z.number()),
  }),
  /** Steps left out because gradients became too large for float16; not there in float32. */
  skippedSteps: z.int().optional(),
  epochs: z.array(epochLossesSchema),
});
export type RunMetrics = z.output<typeof runMetricsSchema>;

const run = z.strictObject({ runId: id });

export const runCalls = {
  /** A request with good defaults for this base and data set; null: the newest base, the newest data set. */
  'runs.defaults': query(
    { about: ['datasets', 'captions', 'runs', 'models', 'settings'] },
    z.strictObject({
      datasetId: id.nullable().default(null),
      baseModelId: id.nullable().default(null),
      method: z.enum(formMethods).nullable().default(null),
      /** Null: a style. */
      aim: z.enum(runAims).nullable().default(null),
    }),
    /** Without caption sets where the images have none yet. */
    requestFields.extend({ captionSetIds: fewIds }),
  ),
  'runs.plan': query(
    { about: ['images', 'captions', 'runs', 'models'] },
    z.strictObject({ request: runRequestSchema }),
    runPlanSchema,
  ),
  /** Puts it in the queue; it begins as soon as it is its turn. */
  'runs.start': command(z.strictObject({ request: runRequestSchema }), z.object({ runIds: ids })),
  'runs.list': query({ about: ['runs'] }, nothing, z.array(runSummarySchema)),
  'runs.get': query({ about: ['runs'] }, run, runDetailSchema),
  'runs.metrics': query({ about: ['runs'] }, run, runMetricsSchema),
  /** Where it is now, as the last `runs.progress` said; null where it is not under way. */
  'runs.progressNow': query({ about: ['runs'] }, run, runProgressSchema.nullable()),
  /** How many class images it is trained on; those that the base makes count once all are there. */
  'runs.classImages': query({ about: ['runs'] }, run, z.object({ images: z.int() })),
  'runs.log': query(
    { about: ['runs'] },
    run.extend({ lines: z.int().min(1).max(5000).default(500) }),
    z.array(z.string()),
  ),
  /** Stops at the end of the step, keeping the state; `resume` goes on to the same bytes. */
  'runs.pause': command(run, done),
  /** As pause, for good: it waits for nobody, and goes on only when it is extended. */
  'runs.stop': command(run, done),
  /** One image at a time, it takes less memory; it stays so. */
  'runs.resume': command(run.extend({ oneAtATime: z.boolean().optional() }), done),
  /** Has a run that has ended, or was stopped, train on for so many epochs more, as its turn comes. */
  'runs.extend': command(
    run.extend({
      epochs: z.int().min(1).max(1_000_000),
      /** Null: what is constant goes on, what falls begins anew over these epochs. */
      schedule: z.enum(schedules).nullable().default(null),
      /** Null: the one it had. */
      learningRate: z.number().positive().max(100).nullable().default(null),
    }),
    done,
  ),
  /** Removes what an ended run would be trained on from. */
  'runs.freeState': command(run, done),
  'runs.rename': command(run.extend({ name: nameText }), done),
  /** To this place among the queued, from 1. */
  'runs.move': command(run.extend({ position: z.int().min(1).max(1e6) }), done),
  /** Its folder and its samples are deleted; what was exported or kept as a model stays. */
  'runs.remove': command(run, done),
  /** Prompts and seeds its pictures are made of; missing pictures are made in the background. */
  'runs.setSamples': command(
    z
      .strictObject({ runIds: fewIds.min(1), prompts: promptList.min(1), seeds: seedList.min(1) })
      .refine(areFewPictures, tooManyPictures),
    done,
  ),
};

export const runEvents = {
  'runs.progress': runProgressSchema,
  /** An epoch ended; of epoch 0, held-out loss was measured before the first step. */
  'runs.epoch': z.object({
    runId: id,
    epoch: z.int(),
    trainLoss: z.number().nullable(),
    validationLoss: z.number().nullable(),
  }),
};
