import { z } from 'zod';

import { loraBases, loraForms, mostLoraStrength } from '../../native/facts/lora-facts.ts';
import { command, done, fewIds, id, nameText, nothing, pathText, query, time } from './values.ts';

export { loraBaseNames, loraText, mostLoraStrength, ranksText } from '../../native/facts/lora-facts.ts';

export const loraSchema = z.object({
  id,
  name: z.string(),
  /** Its file. */
  path: z.string(),
  /** Its file is gone. */
  missing: z.boolean(),
  bytes: z.number(),
  form: z.enum(loraForms),
  naming: z.string(),
  /** What it is for; null where it is for none of the usual kinds. */
  base: z.enum(loraBases).nullable(),
  /** What that was made out by. */
  reasons: z.array(z.string()),
  ranks: z.array(z.int()),
  modules: z.array(z.object({ part: z.string(), count: z.int() })),
  parameters: z.int(),
  dtype: z.string(),
  /** The model it was trained on, as its maker noted. */
  trainedOn: z.string().nullable(),
  /** The most frequent ones of its training captions. */
  words: z.array(z.object({ word: z.string(), images: z.int() })),
  createdAt: time,
});
export type Lora = z.output<typeof loraSchema>;

/** LoRAs laid over a model, in this order. */
export const loraChoices = z
  .array(
    z.strictObject({
      loraId: id,
      /** 0 leaves the model as it is. */
      strength: z.number().min(-mostLoraStrength).max(mostLoraStrength),
    }),
  )
  .max(32);
export type LoraChoice = z.output<typeof loraChoices>[number];

/** What was laid over the model of a picture. */
export const usedLoras = z.array(
  z.object({
    loraId: id,
    /** As it was called then. */
    name: z.string(),
    strength: z.number(),
  }),
);

export const loraCalls = {
  'loras.list': query({ about: ['loras'] }, nothing, z.array(loraSchema)),
  /** A file of a LoRA, which stays where it is. */
  'loras.add': command(z.strictObject({ path: pathText }), z.object({ loraId: id })),
  /** Files that a browser sent; they become the library's. */
  'loras.addUploaded': command(
    z.strictObject({
      uploadId: z
        .string()
        .max(64)
        .regex(/^[A-Za-z0-9-]{8,64}$/),
    }),
    z.object({ loraIds: fewIds }),
  ),
  'loras.rename': command(z.strictObject({ loraId: id, name: nameText }), done),
  /** What a browser sent is deleted; of a file added by path only the entry. */
  'loras.remove': command(z.strictObject({ loraId: id }), done),
};
