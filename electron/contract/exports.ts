import { z } from 'zod';

import { embeddingFileNames, loraFileNames, modelFormats } from '../../native/facts/model-formats.ts';
import { layoutSchema } from './gallery.ts';
import { loraChoices } from './loras.ts';
import { command, done, failureSchema, id, nothing, pathText, query, time } from './values.ts';

export const exportSchema = z.object({
  id,
  kind: z.enum([...modelFormats, 'sheet', 'animation']),
  status: z.enum(['running', 'ready', 'failed']),
  failure: failureSchema.nullable(),
  /** `my style, epoch 15`. */
  title: z.string(),
  /** The folder or file. */
  path: z.string(),
  bytes: z.number().nullable(),
  runId: id.nullable(),
  epoch: z.int().nullable(),
  createdAt: time,
  /** It was written, and is no longer there; looked at when the list is asked for. */
  missing: z.boolean().optional(),
  /** There is a picture of it beside the one of the model it was made of; looked at then, too. */
  proven: z.boolean().optional(),
});
export type Export = z.output<typeof exportSchema>;

const started = z.object({ exportId: id });
/** Left out: a name of its own in the library's `exports/`. Must not exist. */
const output = pathText.nullable().default(null);

export const exportCalls = {
  'exports.list': query({ about: ['exports'] }, nothing, z.array(exportSchema)),
  /** What a model, or what was trained of it, cannot be written as. */
  'exports.unfit': query(
    { about: ['models', 'runs'] },
    z.union([z.strictObject({ runId: id }), z.strictObject({ modelId: id })]),
    z.array(z.enum(modelFormats)),
  ),
  /** A model other tools read, with its card. Goes on in the background. */
  'exports.model': command(
    z.strictObject({
      runId: id,
      epoch: z.int().min(1).max(1e9),
      format: z.enum(modelFormats),
      /** Of a LoRA alone; left out: kohya's. */
      loraNames: z.enum(loraFileNames).optional(),
      /** Of a new word alone; left out: A1111's and kohya's. */
      embeddingNames: z.enum(embeddingFileNames).optional(),
      precision: z.enum(['float32', 'float16']).default('float16'),
      output,
      /** Instead of `output`: in this folder, under a name of its own. */
      folder: pathText.optional(),
    }),
    started,
  ),
  /** A model of the library with LoRAs merged into it. Goes on in the background. */
  'exports.merged': command(
    z.strictObject({
      modelId: id,
      loras: loraChoices.min(1),
      format: z.enum(['diffusers', 'single-file', 'onnx']),
      precision: z.enum(['float32', 'float16']).default('float16'),
      output,
    }),
    started,
  ),
  /** The comparison as laid out, as one PNG that says how it was made. */
  'exports.sheet': command(z.strictObject({ layout: layoutSchema, output }), started),
  /** How the pictures develop over epochs. */
  'exports.animation': command(
    z.strictObject({
      layout: layoutSchema,
      format: z.enum(['gif', 'webp']),
      secondsPerFrame: z.number().min(0.05).max(10).default(0.9),
      output,
    }),
    started,
  ),
  /** The model card that was exported with a model, Markdown; null where there is none or its file is gone. */
  'exports.card': query({ about: ['exports'] }, z.strictObject({ exportId: id }), z.string().nullable()),
  /** Ends an export of a model that is under way, which then has failed; nothing of it stays. Of one that has ended, nothing. */
  'exports.stop': command(z.strictObject({ exportId: id }), done),
  /** Forgets the entry; the files stay. */
  'exports.remove': command(z.strictObject({ exportId: id }), done),
};

export const exportEvents = { 'exports.changed': exportSchema };
