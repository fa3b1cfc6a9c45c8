import { z } from 'zod';

import { augmentationSchema } from './augmentation-spec.ts';
import {
  command,
  done,
  failureSchema,
  id,
  ids,
  nameText,
  nothing,
  pathText,
  query,
  sizeSchema,
  time,
  words,
} from './values.ts';

/** Images whose versions are shown at a time, and versions of each. */
export const shownAtOnce = 3;
export const mostShownVersions = 8;

const side = z.int().min(1).max(16_384);

export const datasetSummarySchema = z.object({
  id,
  name: z.string(),
  /** The folder it was read from; null where its images come from several places. */
  folder: z.string().nullable(),
  /** Images in it, the excluded and the held-out ones included. */
  images: z.int(),
  excluded: z.int(),
  heldOut: z.int(),
  /** Files that could not be used; those whose absence was to be expected not counted. */
  problems: z.int(),
  captionSets: z.int(),
  importing: z.boolean(),
  /** Comes with Screenfold. */
  embedded: z.boolean(),
  createdAt: time,
  /** Up to four images to show it by. */
  cover: ids,
});
export type DatasetSummary = z.output<typeof datasetSummarySchema>;

export const datasetDetailSchema = datasetSummarySchema.extend({
  /** What templates can say, and how many images have it; an example each. */
  fields: z.array(z.object({ name: z.string(), images: z.int(), example: z.string() })),
  fileNamePattern: z.string().nullable(),
  /** Bytes of the original images. */
  bytes: z.int(),
  /** What Undo and Redo would do next, in words; null where there is nothing. */
  undo: z.string().nullable(),
  redo: z.string().nullable(),
});
export type DatasetDetail = z.output<typeof datasetDetailSchema>;

/** Each word is looked for in every image and caption. */
function isShortSearch(text: string): boolean {
  return text.trim().split(/\s+/).length <= 32;
}

/** Which images, in which order. Captions are those of `captionSetId`. */
export const imageQuerySchema = z.strictObject({
  search: z.string().max(500).refine(isShortSearch, 'must be at most 32 words').default(''),
  filter: z
    .enum(['all', 'training', 'held-out', 'excluded', 'captioned', 'uncaptioned', 'duplicates'])
    .default('all'),
  /** Images whose caption has this tag (a part between commas). */
  tag: words.nullable().default(null),
  sort: z.enum(['name', 'added', 'bytes', 'pixels', 'aspect', 'caption']).default('name'),
  descending: z.boolean().default(false),
  captionSetId: id.nullable().default(null),
});
export type ImageQuery = z.output<typeof imageQuerySchema>;

export const imageRowSchema = z.object({
  id,
  /** Path within the data set, with forward slashes. */
  file: z.string(),
  ...sizeSchema.shape,
  bytes: z.int(),
  heldOut: z.boolean(),
  excluded: z.boolean(),
  repeats: z.int(),
  /** In the caption set asked for; null without one or where the image has none. */
  caption: z.string().nullable(),
});
export type ImageRow = z.output<typeof imageRowSchema>;

export const imageDetailSchema = imageRowSchema.extend({
  path: z.string(),
  /** Whether a mask lies beside it. */
  masked: z.boolean(),
  metadata: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  /** Its caption in every caption set of its data set. */
  captions: z.array(z.object({ captionSetId: id, name: z.string(), text: z.string().nullable() })),
  addedAt: time,
});
export type ImageDetail = z.output<typeof imageDetailSchema>;

export const duplicateGroupSchema = z.object({
  kind: z.enum(['exact', 'near']),
  /** Differing bits of the perceptual hashes, of 64; the largest in the group. */
  distance: z.int(),
  /** Some are trained on and some held out, which makes the validation loss flatter than it is. */
  crossesSplit: z.boolean(),
  images: z.array(imageRowSchema),
});
export type DuplicateGroup = z.output<typeof duplicateGroupSchema>;

export const validationChoiceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('count'), count: z.int().min(0).max(1e9) }),
  z.strictObject({ kind: z.literal('fraction'), fraction: z.number().min(0).lt(1) }),
  /** As the metadata column `split` says. */
  z.strictObject({ kind: z.literal('marked') }),
  /** By path in the data set, by file name, or by file name without its ending. */
  z.strictObject({ kind: z.literal('names'), names: z.array(z.string().max(2000)).min(1).max(1_000_000) }),
]);

/** Files that could not be used or were left out, of one kind and for one reason. */
export const datasetProblemSchema = z.object({
  /** The first of them, by its path within the data set. */
  file: z.string(),
  /** How many they are. */
  files: z.int(),
  /** The first two hundred. */
  names: z.array(z.string()),
  /** Nobody would take it for a fault, as of a model beside the images. */
  expected: z.boolean(),
  failure: failureSchema,
});
export type DatasetProblemData = z.output<typeof datasetProblemSchema>;

export const bucketSchema = z.object({
  ...sizeSchema.shape,
  images: z.int(),
  /** Part of the images' area that cropping to the bucket takes away, 0 to 1, on average. */
  cropped: z.number(),
});
export type Bucket = z.output<typeof bucketSchema>;

const datasetId = z.strictObject({ datasetId: id });

export const datasetCalls = {
  'datasets.list': query({ about: ['datasets', 'images'] }, nothing, z.array(datasetSummarySchema)),
  'datasets.get': query({ about: ['datasets', 'images', 'captions'] }, datasetId, datasetDetailSchema),
  /**
   * Begins to read folders and files (absolute paths, or one finished upload) into a new data set, or into an existing
   * one. Goes on in the background; `datasets.progress` tells how far it is.
   */
  'datasets.import': command(
    z.strictObject({
      paths: z.array(pathText).max(200_000).default([]),
      uploadId: z.string().max(100).nullable().default(null),
      name: z.string().max(500).nullable().default(null),
      datasetId: id.nullable().default(null),
      fileNamePattern: z.string().max(1000).nullable().default(null),
      /** Whether zip archives among them are unpacked into the library first. */
      unpack: z.boolean().default(false),
    }),
    z.object({ datasetId: id }),
  ),
  'datasets.cancelImport': command(datasetId, done),
  /** Reads its folder again: new images come in, changed ones are read anew, gone ones are marked by a problem. */
  'datasets.rescan': command(datasetId, done),
  'datasets.rename': command(datasetId.extend({ name: nameText }), done),
  /** Forgets the data set, its captions included; the original images stay. Refused while a run needs it. */
  'datasets.remove': command(datasetId, done),
  /** Every file of its folders that is not used, with the reason; what was to be expected comes last. */
  'datasets.problems': query({ about: ['datasets'] }, datasetId, z.array(datasetProblemSchema)),
  /** A window of the images that the query selects. */
  'datasets.images': query(
    { about: ['images', 'captions'] },
    datasetId.extend({
      query: imageQuerySchema,
      offset: z.int().min(0).max(1e9),
      limit: z.int().min(1).max(1000),
    }),
    z.object({ total: z.int(), rows: z.array(imageRowSchema) }),
  ),
  /** Ids of all images that the query selects, in its order. */
  'datasets.imageIds': query(
    { about: ['images', 'captions'] },
    datasetId.extend({ query: imageQuerySchema }),
    ids,
  ),
  'datasets.image': query(
    { about: ['images', 'captions'] },
    z.strictObject({ imageId: id }),
    imageDetailSchema,
  ),
  'datasets.exclude': command(z.strictObject({ imageIds: ids.min(1), excluded: z.boolean() }), done),
  'datasets.holdOut': command(z.strictObject({ imageIds: ids.min(1), heldOut: z.boolean() }), done),
  /** Says which images it held out that were not before. */
  'datasets.setValidation': command(
    datasetId.extend({ choice: validationChoiceSchema }),
    z.object({ heldOut: ids }),
  ),
  /** The choice that holds out what is held out now, whoever chose it: names where no other does. */
  'datasets.validation': query({ about: ['images'] }, datasetId, validationChoiceSchema),
  /** Groups of equal or alike images among those not excluded, largest first; `exact`: of equal files alone, whatever else is alike. */
  'datasets.duplicates': query(
    { about: ['images'] },
    datasetId.extend({ distance: z.int().min(0).max(16).default(4), exact: z.boolean().default(false) }),
    z.array(duplicateGroupSchema),
  ),
  /** Buckets the training images would fall into. */
  'datasets.buckets': query(
    { about: ['images'] },
    datasetId.extend({ resolution: z.int().min(8).max(4096), step: z.int().min(1).max(4096) }),
    z.array(bucketSchema),
  ),
  /** What a run with these settings would draw from of a few images: small pictures, the image as it is first. */
  'datasets.versions': query(
    { about: ['images'] },
    datasetId.extend({
      /** Of the run. */
      buckets: z
        .array(z.strictObject({ width: side, height: side }))
        .min(1)
        .max(200),
      seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
      randomFlip: z.boolean(),
      augmentation: augmentationSchema,
      /** The number of the first image that is shown, from 0. */
      first: z.int().min(0).max(1e9).default(0),
    }),
    z.object({
      /** Of all images that are trained on. */
      total: z.int(),
      images: z.array(
        z.object({
          imageId: id,
          file: z.string(),
          /** Addresses that hold the pictures. */
          versions: z.array(z.string()),
        }),
      ),
    }),
  ),
  /** Undoes the newest change of captions, exclusions or split, and says in words what it was. */
  'datasets.undo': command(datasetId, z.object({ undone: z.string().nullable() })),
  'datasets.redo': command(datasetId, z.object({ redone: z.string().nullable() })),
};

export const datasetEvents = {
  'datasets.progress': z.object({
    datasetId: id,
    phase: z.enum(['looking', 'reading', 'finished', 'cancelled', 'failed']),
    done: z.int(),
    total: z.int(),
    problems: z.int(),
    imagesPerSecond: z.number(),
    failure: failureSchema.nullable(),
  }),
};
export type ImportProgress = z.output<(typeof datasetEvents)['datasets.progress']>;
