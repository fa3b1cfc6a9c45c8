import { brotliDecompressSync } from 'node:zlib';

import { clipMergesData } from './clip-merges-data.ts';
import { endOfWord, symbolsInVocabularyOrder } from './clip-words.ts';
import type { BytePairVocabulary } from './train-bpe.ts';

/** CLIP's own vocabulary of 49,408 tokens, as vocab.json and merges.txt of every Stable Diffusion hold it. */
export function clipVocabulary(): BytePairVocabulary {
  const merges = brotliDecompressSync(Buffer.from(clipMergesData, 'base64')).toString('utf8').split('\n');
  const tokens = [
    ...symbolsInVocabularyOrder,
    ...symbolsInVocabularyOrder.map((symbol) => symbol + endOfWord),
    ...merges.map((merge) => merge.replace(' ', '')),
    '<|startoftext|>',
    '<|endoftext|>',
  ];
  return { vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges };
}
