import { z } from 'zod';

import { likenessSchema } from './likeness.ts';
import { loraChoices, usedLoras } from './loras.ts';
import { epochLossesSchema } from './runs.ts';
import {
  command,
  done,
  failureSchema,
  fewIds,
  id,
  ids,
  promptList,
  promptSchema,
  query,
  samplerSettingsSchema,
  seedList,
  time,
} from './values.ts';

export const sampleSchema = z.object({
  id,
  /** Null for a picture of the prompt bench made from a model. */
  runId: id.nullable(),
  modelId: id.nullable(),
  /** 0: the untouched base; null where the model is no run's. */
  epoch: z.int().nullable(),
  ...promptSchema.shape,
  negativePrompt: z.string(),
  seed: z.int(),
  recipe: samplerSettingsSchema,
  /** Laid over the model; left out where there are none. */
  loras: usedLoras.optional(),
  status: z.enum(['queued', 'making', 'ready', 'failed', 'cancelled']),
  failure: failureSchema.nullable(),
  favourite: z.boolean(),
  createdAt: time,
});
export type Sample = z.output<typeof sampleSchema>;

/** Everything there is to compare of some runs; the page lays it out. */
export const comparisonSchema = z.object({
  runs: z.array(
    z.object({
      id,
      name: z.string(),
      captionSetName: z.string(),
      baseName: z.string(),
      method: z.string(),
      /** 0 and every kept epoch. */
      epochs: z.array(z.int()),
      losses: z.array(epochLossesSchema),
      recipe: samplerSettingsSchema,
    }),
  ),
  /** All runs' together, in order. */
  prompts: z.array(
    promptSchema.extend({
      negativePrompt: z.string(),
      /** The held-out image whose caption it is. */
      heldOutImageId: id.nullable(),
    }),
  ),
  seeds: z.array(z.int()),
  samples: z.array(sampleSchema),
});
export type Comparison = z.output<typeof comparisonSchema>;

/** Of one sheet or animation. */
const mostPictures = 4000;

const axisSchema = z.enum(['epoch', 'prompt', 'seed', 'run']);
export type Axis = z.output<typeof axisSchema>;

/** Which part of a comparison, and how it is laid out. Axes that are neither rows nor columns have one value. */
export const layoutSchema = z
  .strictObject({
    runIds: fewIds.min(1),
    epochs: z.array(z.int().min(0).max(1e9)).min(1).max(1000),
    prompts: promptList.min(1),
    seeds: seedList.min(1),
    columns: axisSchema,
    rows: axisSchema,
  })
  .refine(
    ({ runIds, epochs, prompts, seeds }) =>
      runIds.length * epochs.length * prompts.length * seeds.length <= mostPictures,
    `must be of at most ${mostPictures} pictures`,
  );
export type ComparisonLayout = z.output<typeof layoutSchema>;

/** What pictures are made of: a model, or an epoch of a run. */
const pictureModel = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('model'), modelId: id }),
  z.strictObject({ kind: z.literal('run'), runId: id, epoch: z.int().min(0).max(1e9) }),
]);

export const galleryCalls = {
  'gallery.comparison': query(
    { about: ['runs'] },
    z.strictObject({ runIds: fewIds.min(1) }),
    comparisonSchema,
  ),
  /** How near a run's pictures are to its data; computed behind where that is not known yet. */
  'gallery.likeness': query({ about: ['samples', 'runs'] }, z.strictObject({ runId: id }), likenessSchema),
  /** Puts what is missing of the runs' epochs, prompts and seeds in the queue; says how many pictures that is. */
  'gallery.fill': command(z.strictObject({ runIds: fewIds.min(1) }), z.object({ queued: z.int() })),
  /** Takes the queued pictures of these runs out of the queue. */
  'gallery.cancelQueued': command(z.strictObject({ runIds: fewIds.min(1) }), done),
  /** Single pictures of the prompt bench: from a model, or from an epoch of a run. */
  'gallery.generate': command(
    z.strictObject({
      model: pictureModel,
      loras: loraChoices.optional(),
      ...promptSchema.shape,
      seeds: seedList.min(1).max(64),
      recipe: samplerSettingsSchema,
    }),
    z.object({ sampleIds: ids }),
  ),
  /** Puts a picture of the prompt bench that failed or was cancelled in the queue again. */
  'gallery.makeAgain': command(z.strictObject({ sampleId: id }), done),
  /** Which LoRAs of the library can be laid over a model, and why the others cannot. */
  'gallery.fittingLoras': query(
    { about: ['loras', 'models', 'runs'] },
    z.strictObject({ model: pictureModel }),
    z.array(z.object({ loraId: id, problem: z.string().nullable() })),
  ),
  /** What the prompt bench made, newest first. */
  'gallery.history': query(
    { about: ['samples'] },
    z.strictObject({
      offset: z.int().min(0).max(1e9).default(0),
      limit: z.int().min(1).max(500).default(100),
    }),
    z.object({ total: z.int(), samples: z.array(sampleSchema) }),
  ),
  'gallery.favourites': query({ about: ['samples'] }, z.strictObject({}), z.array(sampleSchema)),
  'gallery.sample': query({ about: ['samples'] }, z.strictObject({ sampleId: id }), sampleSchema),
  'gallery.setFavourite': command(z.strictObject({ sampleId: id, favourite: z.boolean() }), done),
  /** Deletes pictures of the prompt bench. */
  'gallery.removeSamples': command(z.strictObject({ sampleIds: fewIds.min(1) }), done),
};

export const galleryEvents = {
  /** A picture began, is there, or failed. */
  'gallery.sample': sampleSchema,
  'gallery.queue': z.object({ queued: z.int(), making: z.int() }),
};
