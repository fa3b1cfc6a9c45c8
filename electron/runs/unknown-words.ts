import { setImmediate } from 'node:timers/promises';

import type { TextReading } from '../../native/facts/text-reading.ts';
import type { TrainingImage } from '../../native/jobs.ts';

/** Words of everyday English have a token of their own, or two. */
const manyTokens = 3;
const fewLetters = 14;
const shown = 8;
/** Nobody else in the process waits longer than this, in milliseconds. */
const stretch = 12;

/**
 * Words that a model has to spell out of many pieces, because it has hardly met them: those in the most captions first, at
 * most eight. Long words are left out, which are made of pieces in any vocabulary.
 */
export async function unknownWords(
  { count }: TextReading,
  images: readonly Pick<TrainingImage, 'captions'>[],
): Promise<string[]> {
  const known = new Map<string, boolean>();
  const found = new Map<string, number>();
  let since = performance.now();
  for (const { captions } of images) {
    for (const word of new Set((captions[0] ?? '').toLowerCase().match(/\p{L}{3,}/gu) ?? [])) {
      if (word.length > fewLetters) continue;
      const isKnown = known.get(word) ?? count(word) < manyTokens;
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
