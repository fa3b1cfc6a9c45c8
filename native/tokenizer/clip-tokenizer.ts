import { Failure } from '../failure.ts';
import type { Merge } from './byte-pair-merge.ts';
import { mergeBytePairs, pairKey } from './byte-pair-merge.ts';
import type { AddedToken, ClipTokenizerFiles } from './clip-tokenizer-files.ts';
import { readClipTokenizerFiles } from './clip-tokenizer-files.ts';
import { normalizeText, splitWords, wordSymbols } from './clip-words.ts';

export interface ClipTokenizer {
  /** One more than the highest id. */
  readonly vocabularySize: number;
  /** Tokens `encode` gives: 77 for CLIP. */
  readonly maxLength: number;
  readonly bosId: number;
  readonly eosId: number;
  readonly padId: number;
  /** Tokens of the whole text, without start, end and padding. */
  readonly ids: (text: string) => number[];
  /** Start token, as many of these as fit, end token, padding: always `maxLength` ids. */
  readonly framed: (ids: readonly number[]) => number[];
  /** Start token, the text's tokens cut to what fits, end token, padding: always `maxLength` ids. */
  encode(text: string): number[];
  /** Tokens of the whole text, without start, end and padding; what exceeds `maxLength - 2` is cut by `encode`. */
  count(text: string): number;
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

/** Cuts a text at the tokens of `added` that occur in it, the longest first where several begin at one place. */
function splitter(added: ReadonlyMap<string, number>): (text: string) => (string | number)[] {
  if (added.size === 0) return (text) => [text];
  const longestFirst = [...added.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`(${longestFirst.map(escape).join('|')})`, 'u');
  return (text) => text.split(pattern).map((part, i) => (i % 2 === 1 ? added.get(part)! : part));
}

function idsByText(added: readonly AddedToken[], normalized: boolean): Map<string, number> {
  const chosen = added.filter((token) => token.normalized === normalized && token.content !== '');
  return new Map(chosen.map(({ content, id }) => [normalized ? normalizeText(content) : content, id]));
}

/**
 * CLIP's byte-level BPE over any vocabulary, equal to transformers 5.23's CLIPTokenizer (but for letters and marks
 * newer than the Unicode tables of either side). (`@huggingface/tokenizers`
 * 0.2 was tried: it lowers a final Σ to ς and takes U+FEFF for white space, so captions in Greek or with a stray
 * byte order mark came out differently.)
 */
export function createClipTokenizer(files: ClipTokenizerFiles): ClipTokenizer {
  const { vocabulary, maxLength } = files;
  const merges = new Map<number, Merge>();
  files.merges.forEach(([left, right], rank) => {
    const key = pairKey(vocabulary.get(left)!, vocabulary.get(right)!);
    merges.set(key, { rank, id: vocabulary.get(left + right)! });
  });
  const added = new Map(files.added.map(({ content, id }) => [content, id]));
  const idOf = (token: string): number => {
    const id = added.get(token) ?? vocabulary.get(token);
    if (id !== undefined) return id;
    throw new Failure(
      'tokenizer-invalid',
      `The tokenizer's vocabulary has no ${token}`,
      'Copy the whole tokenizer folder of the base model again.',
    );
  };
  const bosId = idOf(files.bos);
  const eosId = idOf(files.eos);
  const padId = idOf(files.pad);
  const unknownId = idOf(files.unknown);
  const splitRaw = splitter(idsByText(files.added, false));
  const splitNormalized = splitter(idsByText(files.added, true));
  const cache = new Map<string, readonly number[]>();

  const encodeWord = (word: string): readonly number[] => {
    const known = cache.get(word);
    if (known !== undefined) return known;
    const symbols = wordSymbols(word).map((symbol) => vocabulary.get(symbol) ?? unknownId);
    const ids = mergeBytePairs(symbols, merges);
    // Bounded, as texts come from people for as long as the studio is open.
    if (cache.size < 20_000 && word.length < 40) cache.set(word, ids);
    return ids;
  };

  const encodeText = (text: string): number[] => {
    const ids: number[] = [];
    for (const section of splitRaw(text)) {
      if (typeof section === 'number') {
        ids.push(section);
        continue;
      }
      for (const part of splitNormalized(normalizeText(section))) {
        if (typeof part === 'number') ids.push(part);
        else for (const word of splitWords(part)) for (const id of encodeWord(word)) ids.push(id);
      }
    }
    return ids;
  };

  const framed = (text: readonly number[]): number[] => {
    const ids = [bosId, ...text.slice(0, maxLength - 2), eosId];
    return [...ids, ...new Array<number>(maxLength - ids.length).fill(padId)];
  };

  const lengths = new Map<string, number>();
  const lengthOf = (chunk: string): number => {
    const known = lengths.get(chunk);
    if (known !== undefined) return known;
    const length = encodeText(chunk).length;
    if (lengths.size < 50_000 && chunk.length < 40) lengths.set(chunk, length);
    return length;
  };
  // Neither words nor what normalizing composes reach over a space: the parts between can be counted one by one, and most
  // of them are known.
  const spaced = files.added.some(({ content }) => /\p{White_Space}/u.test(content));
  const count = (text: string): number =>
    spaced ? encodeText(text).length : text.split(' ').reduce((sum, chunk) => sum + lengthOf(chunk), 0);

  return {
    vocabularySize:
      Math.max(...[vocabulary, added].map((ids) => [...ids.values()].reduce((a, b) => Math.max(a, b), 0))) +
      1,
    maxLength,
    bosId,
    eosId,
    padId,
    ids: encodeText,
    framed,
    encode: (text) => framed(encodeText(text)),
    count,
  };
}

/**
 * Loads the tokenizer folder of a model: vocab.json and merges.txt (or tokenizer.json), and what
 * tokenizer_config.json, special_tokens_map.json and added_tokens.json say besides.
 *
 * @throws Failure `tokenizer-missing`, `tokenizer-invalid`, `file-unreadable`, `json-invalid`
 */
export async function loadClipTokenizer(folder: string): Promise<ClipTokenizer> {
  return createClipTokenizer(await readClipTokenizerFiles(folder));
}
