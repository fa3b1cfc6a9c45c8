import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import type { TextReading } from '../../native/facts/text-reading.ts';
import type { TrainingImage } from '../../native/jobs.ts';

/** Words of everyday English have a token of their own, or two. */
const manyTokens = 3;
const fewLetters = 14;
const shown = 8;
/** Nobody else in the process waits longer than this, in milliseconds. */
const stretch = 12;

/** A vocabulary that has to spell these is so small that spelling says nothing of what its model knows. */
const everyday = ['elephant', 'guitar', 'avocado', 'doughnut'];

/**
 * The words a base was taught, where it comes with a list of them: `words.txt` in its folder, a line each. Null without.
 */
export async function taughtWords(folder: string): Promise<ReadonlySet<string> | null> {
  const text = await readFile(join(folder, 'words.txt'), 'utf8').catch(() => null);
  return text === null ? null : new Set(text.split(/\s+/).filter((word) => word !== ''));
}

/**
 * Words that a base does not know, those in the most captions first, at most eight: not among those it was taught, or else
 * spelled out of many pieces, because it has hardly met them. Long words are left out then, which are made of pieces in any
 * vocabulary.
 */
export async function unknownWords(
  { count }: Pick<TextReading, 'count'>,
  images: readonly Pick<TrainingImage, 'captions'>[],
  taught: ReadonlySet<string> | null = null,
): Promise<string[]> {
  if (taught === null && everyday.some((word) => count(word) >= manyTokens)) return [];
  const knows = (word: string) =>
    taught === null
      ? word.length > fewLetters || count(word) < manyTokens
      : [word, word.replace(/s$/, ''), word.replace(/es$/, '')].some((form) => taught.has(form));
  const known = new Map<string, boolean>();
  const found = new Map<string, number>();
  let since = performance.now();
  for (const { captions } of images) {
    for (const word of new Set((captions[0] ?? '').toLowerCase().match(/\p{L}{3,}/gu) ?? [])) {
      const isKnown = known.get(word) ?? knows(word);
      known.set(word, isKnown);
      if (!isKnown) found.set(word, (found.get(word) ?? 0) + 1);
    }
    if (performance.now() - since < stretch) continue;
    await setImmediate();
    since = performance.now();
  }
  return [...found]
    .sort(([, a], [, b]) => b - a)
    .slice(0, shown)
    .map(([word]) => word);
}
