import { z } from 'zod';

import { optimizerFacts, type OptimizerKind, settingsOnceBeside } from '../../native/facts/optimizers.ts';
import { oddLetter, oddLetterText } from '../../native/facts/seen-letters.ts';
import { mostWordVectors, type WordCaptions, wordCaptions } from '../../native/facts/word-captions.ts';

const mostLetters = 64;

/** What a word is made of, so that prompts can say it: brackets, commas, colons and backslashes mean something there. */
const sayable = /^(?!BREAK$)(?=.*[\p{L}\p{N}])[^\s()[\]\\,:|"]+$/u;

export { mostWordVectors, type WordCaptions, wordCaptions };

export const wordSchema = z
  .string()
  .max(mostLetters, `must have at most ${mostLetters} letters`)
  .regex(
    sayable,
    'must be one word with a letter or digit, without brackets, commas, colons, quotes, bars or backslashes, and not BREAK; such as mywolf or <wolf>',
  );

/** Files of new words that prompts may say; a word left out is the one that its file names. */
export const wordFilesSchema = z
  .array(z.strictObject({ file: z.string().min(1).max(32_767), word: wordSchema.optional() }))
  .max(20);

/** Teaches a new word. */
export const wordMethodSchema = z.strictObject({
  kind: z.literal('embedding'),
  /** What prompts will say for what is on the images. */
  word: wordSchema,
  /** How many vectors stand for it: the more, the more of it can be told, and the more of a prompt it takes up. */
  vectors: z.int().min(1).max(mostWordVectors).default(4),
  /** Words that say roughly what it is; it begins as these. Left out: as nothing in particular. */
  initWords: z.string().trim().max(200).default(''),
  /** What is said of an image whose caption lacks the word. */
  captions: z.enum(wordCaptions).default('object'),
});

/** What is amiss with the letters of a new word, or of those it begins as; null where every one is plain to see. */
export function lettersFault(text: string): string | null {
  const odd = oddLetter(text);
  return odd === null ? null : `It ${oddLetterText(odd)}`;
}

/** Whether sentences of the word's own are said of images, instead of their captions. */
export function hasOwnSentences(method: {
  readonly kind: string;
  readonly captions?: WordCaptions | undefined;
}): boolean {
  return method.kind === 'embedding' && method.captions !== 'own';
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A run file's text with what suits a new word where it says nothing: no weight decay, which would draw a vector to zero, and no
 * captions dropped, which would teach a word nothing.
 */
export function withWordDefaults(spec: unknown): unknown {
  if (!isObject(spec) || !isObject(spec.method) || spec.method.kind !== 'embedding') return spec;
  const { train = {} } = spec;
  if (!isObject(train)) return spec;
  return { ...spec, train: { captionDropout: 0, ...train, ...withoutDecay(train) } };
}

function withoutDecay(train: Fields): Fields {
  const { optimizer } = train;
  if (optimizer === undefined)
    return settingsOnceBeside.includes('weightDecay') ? { weightDecay: 0, ...train } : {};
  if (!isObject(optimizer) || !Object.hasOwn(optimizerFacts, String(optimizer.kind))) return {};
  const { settings } = optimizerFacts[optimizer.kind as OptimizerKind];
  return 'weightDecay' in settings ? { optimizer: { weightDecay: 0, ...optimizer } } : {};
}
