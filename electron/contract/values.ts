/** Values that several parts of the contract are made of. */
import { z } from 'zod';

import { captionTokenChoices, mostClipSkip } from '../../native/facts/caption-reading.ts';
import { type PrecisionChoice, precisionChoices } from '../../native/facts/precision.ts';
import { samplerLabel, samplers } from '../../native/facts/samplers.ts';
import { providerLabels, providers } from '../../native/runtime/runtime.ts';
import { wordFilesSchema } from './word-spec.ts';

const largestId = 2 ** 31 - 1;

function isId(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= largestId;
}

/** Row ids of the library's database. */
export const id = z.int().min(1).max(largestId);
const row = z.custom<number>().meta({ type: 'integer', minimum: 1, maximum: largestId });
/** As many as a data set may have images. Looked at as a whole: what is no id is said once, not a million times. */
export const ids = z
  .array(row)
  .max(1_000_000)
  .refine((list) => list.every(isId), 'must hold ids alone');
/** Of what a person chooses one by one. */
export const fewIds = z.array(id).max(1000);
/** What a person names things by. */
export const nameText = z.string().trim().min(1).max(500);
export const pathText = z.string().min(1).max(32_767);
/** Prompts, captions and what they are made of. */
export const words = z.string().max(100_000);
/** Of the noise a picture begins with, and of all else that is drawn. */
export const seedNumber = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
/** Milliseconds since 1970. */
export const time = z.int();
export const nothing = z.strictObject({});
/** What a command without a result gives. */
export const done = z.null();

export const samplerName = z.enum(samplers);
export { samplerLabel };
export const providerName = z.enum(providers);
/** Where a GPU sits, as `00000000:01:00.0`. */
export const gpuPlace = z.string().max(40);
export { providerLabels };

export { captionTokenChoices, mostClipSkip };

export { precisionChoices };
/** As people choose among them. */
export const precisionLabels: Readonly<Record<PrecisionChoice, string>> = {
  auto: 'What suits the device',
  float32: 'float32',
  float16: 'float16',
};

/** An expected failure as it crosses to the page: what happened, what to do, and for programs a code. */
export const failureSchema = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string(),
});
export type FailureData = z.output<typeof failureSchema>;
export { failureText } from '../../native/facts/failure-text.ts';

export const sizeSchema = z.object({ width: z.int().min(1), height: z.int().min(1) });

/** Models read 77 tokens of it, or some hundred in parts. */
const promptText = z.string().max(20_000);
export const promptSchema = z.object({ prompt: promptText, negativePrompt: promptText.default('') });
export const promptList = z.array(promptSchema).max(1000);
export const seedList = z.array(seedNumber).max(1000);
/** Of each epoch that is kept. */
export const mostPicturesOfEpoch = 2000;

/** Whether prompts times seeds are no more pictures than anybody looks at. */
export function areFewPictures({
  prompts,
  seeds,
}: {
  readonly prompts: readonly unknown[];
  readonly seeds: readonly unknown[];
}): boolean {
  return prompts.length * seeds.length <= mostPicturesOfEpoch;
}
export type PromptData = z.output<typeof promptSchema>;

/**
 * How a picture is made of noise, besides prompt and seed. Libraries and exported pictures keep these under the name
 * `recipe`, and so do the calls; what is trained by is no recipe but a run's method and settings.
 */
export const samplerSettingsSchema = z.object({
  sampler: samplerName,
  steps: z.int().min(1).max(1000),
  guidanceScale: z.number().min(0).max(100),
  /** As A1111 counts; left out: 1, or in a run's request the one that it is trained with. */
  clipSkip: z.int().min(1).max(mostClipSkip).optional(),
  /** New words for its prompt; left out: none but those that the model was taught. */
  embeddings: wordFilesSchema.optional(),
  /** Pixels. */
  width: z.int().min(8).max(4096),
  height: z.int().min(8).max(4096),
});
export type SamplerSettings = z.output<typeof samplerSettingsSchema>;

/** What an hour of computing costs; currency is the settings'. */
export const costRateSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('hourly'), pricePerHour: z.number().min(0).max(1e6) }),
  z.strictObject({
    kind: z.literal('energy'),
    watts: z.number().min(0).max(1e6),
    pricePerKilowattHour: z.number().min(0).max(1e6),
  }),
]);
export type CostRate = z.output<typeof costRateSchema>;

/** What the studio keeps and can change: `changed` events name what did. */
export const subjectSchema = z.enum([
  'datasets',
  'images',
  'captions',
  'runs',
  /** Which pictures there are and which are favourites; how each of them stands is told picture by picture. */
  'samples',
  'models',
  'loras',
  'captioners',
  'exports',
  'downloads',
  'settings',
  'system',
]);
export type Subject = z.output<typeof subjectSchema>;

/**
 * What a query tells of, so that pages ask it again when that changes. A query that no `changed` can speak of says why,
 * and pages ask it anew whenever they show it.
 */
export type About =
  | { readonly about: readonly [Subject, ...Subject[]] }
  | { readonly about: readonly []; readonly because: string };

/** A method that changes nothing. */
export function query<I extends z.ZodType, O extends z.ZodType>({ about }: About, input: I, output: O) {
  return { kind: 'query' as const, about: about as readonly Subject[], input, output };
}

/** A method that does something. */
export function command<I extends z.ZodType, O extends z.ZodType>(input: I, output: O) {
  return { kind: 'command' as const, input, output };
}
