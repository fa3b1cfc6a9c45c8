import { z } from 'zod';

import { captionDetails, captionerKinds, usualCaptioning as usual } from '../../native/facts/captioning.ts';
import { command, done, failureSchema, fewIds, id, ids, nothing, pathText, query, time } from './values.ts';

export { captionerKindLabels, usualCaptioning, writesTags } from '../../native/facts/captioning.ts';

/** How a model's answers become captions; see `CaptioningOptions`. */
export const captioningOptionsSchema = z.strictObject({
  trigger: z.string().max(1000).default(usual.trigger),
  generalThreshold: z.number().min(0).max(1).default(usual.generalThreshold),
  characterThreshold: z.number().min(0).max(1).default(usual.characterThreshold),
  underscores: z.boolean().default(usual.underscores),
  charactersFirst: z.boolean().default(usual.charactersFirst),
  exclude: z.array(z.string().max(1000)).max(10_000).default([]),
  beams: z.int().min(1).max(16).default(usual.beams),
  longest: z.int().min(1).max(512).default(usual.longest),
  detail: z.enum(captionDetails).default(usual.detail),
});
export type CaptioningOptionsData = z.output<typeof captioningOptionsSchema>;

/** Beside what trains, or when nothing does. */
export const captioningPlace = z.enum(['beside', 'afterwards']);

export const captionerSchema = z.object({
  id,
  name: z.string(),
  folder: z.string(),
  /** Its folder is gone. */
  missing: z.boolean(),
  /** It was downloaded, and lies in the library. */
  downloaded: z.boolean(),
  kind: z.enum(captionerKinds),
  bytes: z.number(),
  createdAt: time,
});
export type Captioner = z.output<typeof captionerSchema>;

/** Captions that a model makes for a set. */
export const captioningSchema = z.object({
  captionSetId: id,
  datasetId: id,
  /** Of the set. */
  name: z.string(),
  /** Of the model; null where it was removed. */
  captioner: z.string().nullable(),
  /** `finished` is kept where images failed. */
  status: z.enum(['waiting', 'running', 'paused', 'failed', 'finished']),
  done: z.int(),
  total: z.int(),
  /** Images that could not be captioned. */
  failed: z.int(),
  perSecond: z.number().nullable(),
  secondsLeft: z.number().nullable(),
  /** Why it stopped, or why the first image failed. */
  failure: failureSchema.nullable(),
});
export type Captioning = z.output<typeof captioningSchema>;

const one = z.strictObject({ captionSetId: id });

export const captionerCalls = {
  'captioners.list': query({ about: ['captioners'] }, nothing, z.array(captionerSchema)),
  /** The folder of one, which stays where it is. */
  'captioners.add': command(z.strictObject({ path: pathText }), z.object({ captionerId: id })),
  /** A folder that was added stays; one that was downloaded is deleted, and so many bytes are free again. */
  'captioners.remove': command(
    z.strictObject({ captionerId: id }),
    z.object({ freedBytes: z.number().nullable() }),
  ),
  /** What it would say of a few images from all over a data set, or of these. */
  'captioners.try': command(
    z.strictObject({
      captionerId: id,
      datasetId: id,
      imageIds: fewIds.optional(),
      options: captioningOptionsSchema,
    }),
    z.object({
      captions: z.array(
        z.object({ imageId: id, file: z.string(), text: z.string(), failure: failureSchema.nullable() }),
      ),
      /** How long one takes once the model is loaded. */
      secondsEach: z.number().nullable(),
    }),
  ),
  /** What is being captioned, has stopped, or ended with images that failed. */
  'captioners.work': query(
    { about: ['captions', 'captioners'] },
    z.strictObject({ datasetId: id }),
    z.array(captioningSchema),
  ),
  /** What it was captioned by then is kept. */
  'captioners.pause': command(one, done),
  /** Goes on with what is left, images that failed among it. */
  'captioners.resume': command(one, done),
  /** Leaves what is left without captions. */
  'captioners.cancel': command(one, done),
};

export const captionerEvents = { 'captioners.progress': captioningSchema };

/** Where a caption set's images come from, for a model. */
export const modelWork = {
  /** Left out: every image that is used. */
  imageIds: ids.optional(),
  /** Left out: beside what trains. */
  place: captioningPlace.optional(),
};
