import { z } from 'zod';

import { predictionTypes } from '../../native/facts/config-facts.ts';
import { command, done, id, nameText, nothing, pathText, query, time, words } from './values.ts';
import { wordFilesSchema } from './word-spec.ts';

export { isModelFile } from '../../native/facts/model-formats.ts';

export const modelSchema = z.object({
  id,
  name: z.string(),
  /** `embedded`: comes with Screenfold. `folder`: added by path. `finetune`: kept from a run. */
  kind: z.enum(['embedded', 'folder', 'finetune']),
  folder: z.string(),
  /** Its folder is gone or no longer a model. */
  missing: z.boolean(),
  /** Pixels it was made for, and the step that sides must keep to. */
  resolution: z.int(),
  pixelStep: z.int(),
  parameters: z.int(),
  components: z.array(
    z.object({ name: z.string(), className: z.string(), parameters: z.int(), dtype: z.string() }),
  ),
  bytes: z.number(),
  prediction: z.enum(predictionTypes),
  /** What it was finetuned from, by which run, after which epoch. */
  parentId: id.nullable(),
  runId: id.nullable(),
  epoch: z.int().nullable(),
  /** The run's settings, data and cost in words, kept with it. */
  card: z.string().nullable(),
  createdAt: time,
});
export type Model = z.output<typeof modelSchema>;

/** Letters in all of the texts that are counted at once, which takes a fraction of a second. */
export const mostLettersCounted = 400_000;

function areFewLetters(texts: readonly string[]): boolean {
  return texts.reduce((sum, { length }) => sum + length, 0) <= mostLettersCounted;
}

export const modelCalls = {
  'models.list': query({ about: ['models'] }, nothing, z.array(modelSchema)),
  'models.get': query({ about: ['models'] }, z.strictObject({ modelId: id }), modelSchema),
  /**
   * How many tokens texts have, and how many of each a model reads. Null: the base that was trained from last, else the one
   * that comes with Screenfold. Of captions it is what is read at once; a run may read more of them. Of prompts it is all that is
   * read, and brackets that weigh words are no tokens. Gives null where nothing is known of how it reads.
   */
  'models.readTexts': query(
    { about: ['models', 'runs'] },
    z.strictObject({
      modelId: id.nullable().default(null),
      as: z.enum(['caption', 'prompt']).optional(),
      /** New words that the texts may say. */
      embeddings: wordFilesSchema.optional(),
      texts: z
        .array(words)
        .max(200)
        .refine(areFewLetters, `must have at most ${mostLettersCounted} letters together`),
    }),
    z.object({ name: z.string(), read: z.int(), tokens: z.array(z.int()) }).nullable(),
  ),
  /** How a model reads captions: tokens at once, and layers of its text encoder. Null where that is not known. */
  'models.reading': query(
    { about: ['models'] },
    z.strictObject({ modelId: id }),
    z.object({ tokens: z.int(), layers: z.int() }).nullable(),
  ),
  /** A diffusers folder, or a file of a whole model, becomes a base to choose. */
  'models.add': command(
    z.strictObject({
      path: pathText,
      /** Lends what the model lacks: one of the library, or any file or folder. */
      lender: z.union([z.strictObject({ modelId: id }), z.strictObject({ path: pathText })]).nullish(),
    }),
    z.object({ modelId: id }),
  ),
  /** Files that a browser sent become the library's; they are to be added by the paths that they then have. */
  'models.takeUploaded': command(
    z.strictObject({
      uploadId: z
        .string()
        .max(64)
        .regex(/^[A-Za-z0-9-]{8,64}$/),
    }),
    z.object({ paths: z.array(z.string()) }),
  ),
  /** A file that a browser sent is deleted, where it became no model. */
  'models.discardUploaded': command(z.strictObject({ path: pathText }), done),
  /** What a model lacks, and which models of the library can lend it; null where it is whole. */
  'models.lenders': query(
    { about: ['models'] },
    z.strictObject({ path: pathText }),
    z
      .object({
        name: z.string(),
        label: z.string(),
        lacks: z.array(z.string()),
        lenders: z.array(z.object({ modelId: id, name: z.string() })),
      })
      .nullable(),
  ),
  /** By what a model was made out, for a person, and what is gone of it. */
  'models.reasons': query(
    { about: ['models'] },
    z.strictObject({ modelId: id }),
    z.object({ reasons: z.array(z.string()), gone: z.string().nullable() }),
  ),
  /** What a model predicts, where its file does not say it or says it wrongly. */
  'models.setPrediction': command(z.strictObject({ modelId: id, prediction: z.enum(predictionTypes) }), done),
  /** Makes an epoch of a run a model of the library, to generate from and to finetune further. */
  'models.keep': command(
    z.strictObject({ runId: id, epoch: z.int().min(1).max(1e9), name: nameText }),
    z.object({ modelId: id }),
  ),
  'models.rename': command(z.strictObject({ modelId: id, name: nameText }), done),
  /** A kept finetune is deleted, and so is what a browser sent; of what was added by path only the entry. */
  'models.remove': command(z.strictObject({ modelId: id }), done),
};
