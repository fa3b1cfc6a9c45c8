import { escapeWord, wordPattern } from '../facts/word-pattern.ts';
import type { ClipTokenizer } from './clip-tokenizer.ts';
import { promptParts } from './prompt-parts.ts';

/** A word that a model was taught by vectors of its own, and the ids that stand for these. */
export interface NewWord {
  readonly word: string;
  readonly ids: readonly number[];
}

/** The tokenizer with new words, found whatever their case, where no letter or digit stands beside them; of several the longest. */
export function withNewWords(tokenizer: ClipTokenizer, words: readonly NewWord[]): ClipTokenizer {
  if (words.length === 0) return tokenizer;
  const longestFirst = words
    .toSorted((a, b) => b.word.length - a.word.length)
    .map(({ word, ids }) => ({ ids, whole: new RegExp(`^${escapeWord(word)}$`, 'iu') }));
  const pattern = wordPattern(words.map(({ word }) => word));
  // Asked of the patterns again: which letters are the same but for their case differs from what toLowerCase makes of them (ſ, K).
  const idsOf = (found: string) => longestFirst.find(({ whole }) => whole.test(found))!.ids;
  const ids = (text: string): number[] =>
    text.split(pattern).flatMap((part, i) => (i % 2 === 1 ? idsOf(part) : tokenizer.ids(part)));
  return {
    ...tokenizer,
    ids,
    encode: (text) => tokenizer.framed(ids(text)),
    count: (text) => ids(text).length,
  };
}

/** Whether a prompt says a word, where the tokenizer would find it. */
export function saysWord(prompt: string, word: string): boolean {
  const pattern = wordPattern([word]);
  return promptParts(prompt).some((part) => part !== 'break' && part.text.search(pattern) >= 0);
}
