import type { RunSpec } from '../contract/run-spec.ts';
import type { RunAim } from '../contract/runs.ts';
import { wordMethodSchema } from '../contract/word-spec.ts';

const mostLetters = 16;

/** A word to begin with, of what the images are called: one that no vocabulary has. */
export function proposedWord(dataset: string, aim: RunAim): RunSpec['method'] {
  const letters = dataset.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
  const word = `my${letters.slice(0, mostLetters) || 'word'}`;
  return wordMethodSchema.parse({
    ...{ kind: 'embedding', word, captions: aim === 'style' ? 'style' : 'object' },
  });
}

/** As run files that teach a word have it where they say nothing. */
export const wordTraining = { captionDropout: 0, weightDecay: 0 } as const;
