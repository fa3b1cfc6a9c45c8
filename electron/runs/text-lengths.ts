import { setImmediate } from 'node:timers/promises';

import { type CaptionReading, mostChunks, readingWay } from '../../native/facts/caption-reading.ts';
import type { TextReading } from '../../native/facts/text-reading.ts';
import { escapeWord, wordPattern } from '../../native/facts/word-pattern.ts';
import { Failure } from '../../native/failure.ts';
import { readLentWord } from '../../native/families/read-embedding-facts.ts';
import { readTextReading } from '../../native/families/read-facts.ts';
import type { Method, TrainingImage } from '../../native/jobs.ts';
import { countOf, countText } from '../contract/quantities.ts';
import type { PromptData } from '../contract/values.ts';
import type { Run } from './run-folder.ts';

/** A text of which a model reads the beginning alone. */
export interface CutText {
  readonly text: string;
  readonly tokens: number;
}

/** The captions of images, as far as a model does not read them to their end. */
export interface CutCaptions {
  readonly images: number;
  /** Images with a caption that is cut. */
  readonly cut: number;
  readonly longest: (CutText & { readonly image: string }) | null;
}

type Images = readonly Pick<TrainingImage, 'id' | 'captions'>[];

/** What of a run its base does not read to the end. */
export interface CutTexts {
  /** Tokens that are read of a caption. */
  readonly read: number;
  /** Tokens that are read of a prompt. */
  readonly readOfPrompt: number;
  readonly captions: CutCaptions;
  readonly prompts: readonly CutText[];
}

/** Nobody else in the process waits longer than this for the counting, in milliseconds. */
const stretch = 12;

/**
 * Counts the captions that images are trained on, all where an image has several. Lets go of the process every few
 * milliseconds; 100,000 captions of 40 words take a second altogether.
 */
export async function cutCaptions(
  { limit, count }: Pick<TextReading, 'limit' | 'count'>,
  images: Images,
): Promise<CutCaptions> {
  let cut = 0;
  let longest: CutCaptions['longest'] = null;
  let since = performance.now();
  for (const { id, captions } of images) {
    let most = 0;
    for (const text of captions) {
      const tokens = count(text);
      most = Math.max(most, tokens);
      if (tokens > limit && tokens > (longest?.tokens ?? 0)) longest = { image: id, text, tokens };
    }
    if (most > limit) cut += 1;
    if (performance.now() - since < stretch) continue;
    await setImmediate();
    since = performance.now();
  }
  return { images: images.length, cut, longest };
}

/** Those of the prompts, negative ones too, that a model does not read to their end. */
export function cutPrompts(
  { limit, count }: Pick<TextReading, 'limit' | 'count'>,
  prompts: readonly PromptData[],
): CutText[] {
  const texts = new Set(prompts.flatMap(({ prompt, negativePrompt }) => [prompt, negativePrompt]));
  return [...texts].map((text) => ({ text, tokens: count(text) })).filter(({ tokens }) => tokens > limit);
}

/** How a base reads prompts: with weights, and as long as they are up to some chunks. */
export function ofPrompts({ limit, countPrompt }: TextReading): Pick<TextReading, 'limit' | 'count'> {
  return { limit: limit * mostChunks, count: countPrompt };
}

/** How a base reads captions in training. */
export function ofCaptions(
  { limit, count }: TextReading,
  settings: CaptionReading,
): Pick<TextReading, 'limit' | 'count'> {
  return { limit: limit * readingWay(settings).chunks, count };
}

/** How a base reads texts; null where its tokenizer cannot be used, which whoever uses the base will say. */
export async function readingOf(base: string): Promise<TextReading | null> {
  try {
    return await readTextReading(base);
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/**
 * Counts captions and prompts of a planned run as its base does. Null where nothing reads them, as in training an
 * autoencoder, and where the tokenizer cannot be used.
 */
export async function cutTexts({ spec, job }: Pick<Run, 'spec' | 'job'>): Promise<CutTexts | null> {
  if (job.method.kind === 'vae') return null;
  const ofBase = await readingOf(job.base);
  if (ofBase === null) return null;
  const reading = withTaughtWord(ofBase, job.method);
  const inTraining = ofCaptions(reading, job.settings);
  const inPictures = ofPrompts(await withLentWords(reading, spec.samples.embeddings));
  return {
    read: inTraining.limit,
    readOfPrompt: inPictures.limit,
    captions: await cutCaptions(inTraining, [...job.images, ...job.validation]),
    prompts: cutPrompts(inPictures, spec.samples.prompts),
  };
}

/** How a base reads texts once it has been taught the word. */
export function withTaughtWord(reading: TextReading, method: Method): TextReading {
  return method.kind === 'embedding' ? withNewWords(reading, [method]) : reading;
}

/** How a base reads prompts that are lent the words of files. One that is of no word is left out: whoever opens it says why. */
export async function withLentWords(
  reading: TextReading,
  uses: readonly { readonly file: string; readonly word?: string | undefined }[] = [],
): Promise<TextReading> {
  const lent = await Promise.all(uses.map((use) => readLentWord(use, []).catch(() => null)));
  return withNewWords(
    reading,
    lent.filter((word) => word !== null),
  );
}

/** New words count as so many vectors, and not as their letters. Of two by the same name the last counts. */
function withNewWords(
  reading: TextReading,
  words: readonly { readonly word: string; readonly vectors: number }[],
): TextReading {
  if (words.length === 0) return reading;
  const pattern = wordPattern(words.map(({ word }) => word));
  const vectorsOf = (found: string) =>
    words.findLast(({ word }) => new RegExp(`^${escapeWord(word)}$`, 'iu').test(found))?.vectors ?? 0;
  const counted = (count: (text: string) => number) => (text: string) =>
    [...text.matchAll(pattern)].reduce(
      (sum, [found]) => sum + vectorsOf(found),
      count(text.replaceAll(pattern, ' ')),
    );
  return {
    ...reading,
    count: counted(reading.count),
    countPrompt: counted(reading.countPrompt),
  };
}

const left = 'the rest is left out';

/** A warning for a person, or none. */
export function captionWarning(read: number, { images, cut, longest }: CutCaptions): readonly string[] {
  if (longest === null) return [];
  const [verb, last] = cut === 1 ? ['is', 'It belongs to'] : (['are', 'The longest:'] as const);
  return [
    `${countText(cut)} of ${countOf(images, 'caption')} ${verb} longer than the ${countText(read)} tokens this base reads; ${left}. ${last} ${longest.image}, ${countText(longest.tokens)} tokens.`,
  ];
}

/** A warning for a person, or none; on a single line. */
export function promptWarning(read: number, prompts: readonly CutText[]): readonly string[] {
  const [longest] = prompts.toSorted((a, b) => b.tokens - a.tokens);
  if (longest === undefined) return [];
  const limit = `the ${countText(read)} tokens this model reads; ${left}`;
  const one = `“${beginning(longest.text)}”`;
  if (prompts.length === 1)
    return [`The prompt ${one} has ${countText(longest.tokens)} tokens, more than ${limit}.`];
  return [
    `${countText(prompts.length)} prompts are longer than ${limit}. The longest: ${one}, ${countText(longest.tokens)} tokens.`,
  ];
}

function beginning(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').trim();
  const characters = Array.from(plain);
  return characters.length <= 48 ? plain : `${characters.slice(0, 47).join('')}…`;
}
