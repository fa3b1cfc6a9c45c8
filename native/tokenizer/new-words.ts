import type { ClipTokenizer } from './clip-tokenizer.ts';

/** A word that a model was taught by vectors of its own, and the ids that stand for these. */
export interface NewWord {
  readonly word: string;
  readonly ids: readonly number[];
}

const boundary = String.raw`[\p{L}\p{N}_]`;

/** The tokenizer with new words, found whatever their case, where no letter or digit stands beside them; of several the longest. */
export function withNewWords(tokenizer: ClipTokenizer, words: readonly NewWord[]): ClipTokenizer {
  if (words.length === 0) return tokenizer;
  const idsOf = new Map(words.map(({ word, ids }) => [word.toLowerCase(), ids]));
  const longestFirst = words.map(({ word }) => word).sort((a, b) => b.length - a.length);
  const escaped = longestFirst.map((word) => word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`));
  const pattern = new RegExp(`(?<!${boundary})(${escaped.join('|')})(?!${boundary})`, 'giu');
  const ids = (text: string): number[] =>
    text
      .split(pattern)
      .flatMap((part, i) => (i % 2 === 1 ? idsOf.get(part.toLowerCase())! : tokenizer.ids(part)));
  return {
    ...tokenizer,
    ids,
    encode: (text) => tokenizer.framed(ids(text)),
    count: (text) => ids(text).length,
  };
}
