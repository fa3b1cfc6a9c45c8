import type { RunSpec } from '../contract/run-spec.ts';
import type { RunAim } from '../contract/runs.ts';
import { wordMethodSchema } from '../contract/word-spec.ts';

const mostLetters = 16;

/** A word to begin with, of what the images are called: one that no vocabulary has. */
export function proposedWord(dataset: string, aim: RunAim): RunSpec['method'] {
  const [first = 'word', ...others] = dataset.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  let letters = first.slice(0, mostLetters);
  // Whole words of the name, as many as there is room for.
  for (const other of others) {
    if (letters.length + other.length > mostLetters) break;
    letters += other;
  }
  return wordMethodSchema.parse({
    ...{ kind: 'embedding', word: `my${letters}`, captions: aim === 'style' ? 'style' : 'object' },
  });
}

/** As run files that teach a word have it where they say nothing. */
export const wordTraining = { captionDropout: 0, weightDecay: 0 } as const;
