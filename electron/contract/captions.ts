import { z } from 'zod';

import { captioningOptionsSchema, modelWork } from './captioners.ts';
import { imageQuerySchema } from './datasets.ts';
import { command, done, id, ids, nameText, query, words } from './values.ts';

/** Where a caption set's texts come from; any of them can be changed by hand afterwards. */
export const captionSourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('empty') }),
  z.strictObject({ kind: z.literal('fixed'), text: words.min(1) }),
  /** `official art of ${name}, ${category}` over the images' metadata. */
  z.strictObject({ kind: z.literal('template'), template: words.min(1) }),
  /** What came with the images: caption files, else metadata, else class tokens. */
  z.strictObject({ kind: z.literal('sidecar') }),
  z.strictObject({ kind: z.literal('column'), column: words.min(1) }),
  /** Nothing to begin with. */
  z.strictObject({ kind: z.literal('hand') }),
  /** A copy of another set's texts as they are now. */
  z.strictObject({ kind: z.literal('copy'), captionSetId: id }),
  /** By a model that looks at the images, one after the other, behind. */
  z.strictObject({ kind: z.literal('model'), captionerId: id, options: captioningOptionsSchema }),
]);
export type CaptionSource = z.output<typeof captionSourceSchema>;

/** How tags (the parts between commas) vary while training. */
export const tagOptionsSchema = z.strictObject({
  shuffle: z.boolean().default(false),
  /** Tags at the front that are neither shuffled nor dropped. */
  keepFirst: z.int().min(0).max(10_000).default(1),
  /** Probability of leaving a tag out, each time a variant is drawn. */
  dropout: z.number().min(0).max(0.9).default(0),
  /** Variants of each caption that are drawn for a run; each is encoded once. */
  variants: z.int().min(1).max(32).default(8),
});
export type TagOptions = z.output<typeof tagOptionsSchema>;

export const captionSetSchema = z.object({
  id,
  datasetId: id,
  name: z.string(),
  source: captionSourceSchema,
  tags: tagOptionsSchema,
  /** Of the images not excluded. */
  captioned: z.int(),
  uncaptioned: z.int(),
  /** Captions changed by hand since they were made. */
  byHand: z.int(),
});
export type CaptionSetData = z.output<typeof captionSetSchema>;

export const captionPreviewSchema = z.object({
  examples: z.array(
    z.object({ imageId: id, file: z.string(), caption: z.string(), missing: z.array(z.string()) }),
  ),
  captioned: z.int(),
  uncaptioned: z.int(),
  /** Fields of the template that images lack, and how many do. */
  missing: z.array(z.object({ field: z.string(), images: z.int() })),
  /** Why the source gives no captions at all, as a broken template does; null where it does. */
  fault: z.string().nullable(),
});
export type CaptionPreview = z.output<typeof captionPreviewSchema>;

const set = z.strictObject({ captionSetId: id });
const tagText = z.string().min(1).max(1000);
const findSchema = z.strictObject({
  captionSetId: id,
  find: z.string().min(1).max(10_000),
  replace: words,
  regularExpression: z.boolean().default(false),
  matchCase: z.boolean().default(false),
  wholeWord: z.boolean().default(false),
  /** Left out: every image not excluded. */
  query: imageQuerySchema.optional(),
});

export const captionCalls = {
  'captions.sets': query(
    { about: ['images', 'captions'] },
    z.strictObject({ datasetId: id }),
    z.array(captionSetSchema),
  ),
  'captions.createSet': command(
    z.strictObject({ datasetId: id, name: nameText, source: captionSourceSchema, ...modelWork }),
    z.object({ captionSetId: id }),
  ),
  /** Makes the texts anew from a source. Captions changed by hand are kept unless `overwrite`. */
  'captions.fill': command(
    set.extend({ source: captionSourceSchema, overwrite: z.boolean(), ...modelWork }),
    done,
  ),
  'captions.renameSet': command(set.extend({ name: nameText }), done),
  'captions.setTagOptions': command(set.extend({ tags: tagOptionsSchema }), done),
  'captions.removeSet': command(set, done),
  /** What a source would give, before it is used. */
  'captions.preview': query(
    { about: ['images', 'captions'] },
    z.strictObject({
      datasetId: id,
      source: captionSourceSchema,
      examples: z.int().min(1).max(50).default(6),
    }),
    captionPreviewSchema,
  ),
  /** An empty text is the unconditional caption; null removes the caption. */
  'captions.write': command(
    set.extend({
      captions: z
        .array(z.object({ imageId: id, text: words.nullable() }))
        .min(1)
        .max(10_000),
    }),
    done,
  ),
  'captions.previewReplace': query(
    { about: ['images', 'captions'] },
    findSchema,
    z.object({
      images: z.int(),
      matches: z.int(),
      examples: z.array(z.object({ imageId: id, before: z.string(), after: z.string() })),
      /** Why the expression cannot be used; null where it can. */
      fault: z.string().nullable(),
    }),
  ),
  'captions.replace': command(findSchema, z.object({ images: z.int() })),
  /** Tags by how many images have them, most first. */
  'captions.tags': query(
    { about: ['images', 'captions'] },
    set.extend({ query: imageQuerySchema.optional() }),
    z.array(z.object({ tag: z.string(), images: z.int() })),
  ),
  /** `imageIds` left out: every image not excluded. */
  'captions.editTag': command(
    set.extend({
      edit: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('add'), tag: tagText, at: z.enum(['front', 'end']) }),
        z.strictObject({ kind: z.literal('remove'), tag: tagText }),
        z.strictObject({ kind: z.literal('rename'), tag: tagText, to: tagText }),
      ]),
      imageIds: ids.optional(),
    }),
    z.object({ images: z.int() }),
  ),
};
