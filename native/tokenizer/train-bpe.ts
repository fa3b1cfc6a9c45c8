import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileAtomic } from '../files/atomic-file.ts';
import { endOfWord, normalizeText, splitWords, symbolsInVocabularyOrder, wordSymbols } from './clip-words.ts';

export interface BytePairVocabulary {
  /** Id of each token: 256 byte symbols, the same as ends of words, merges, start and end of text. */
  readonly vocab: Readonly<Record<string, number>>;
  /** Lines of merges.txt, in order of rank. */
  readonly merges: readonly string[];
}

interface Word {
  symbols: string[];
  readonly count: number;
}

interface Pair {
  readonly left: string;
  readonly right: string;
  count: number;
  /** Words that have it, or had it. */
  readonly words: Set<Word>;
}

function countWords(texts: Iterable<string>): Word[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of splitWords(normalizeText(text))) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => ({ symbols: wordSymbols(word), count }));
}

/** Makes `sign` times the word's count of each of its neighbouring pairs heard in `pairs`. */
function tally(pairs: Map<string, Pair>, word: Word, sign: 1 | -1): void {
  for (let i = 0; i + 1 < word.symbols.length; i++) {
    const left = word.symbols[i]!;
    const right = word.symbols[i + 1]!;
    const key = `${left} ${right}`;
    let pair = pairs.get(key);
    if (pair === undefined) {
      pair = { left, right, count: 0, words: new Set() };
      pairs.set(key, pair);
    }
    pair.count += sign * word.count;
    pair.words.add(word);
  }
}

function mostFrequent(pairs: ReadonlyMap<string, Pair>): [string, Pair] | null {
  let best: [string, Pair] | null = null;
  for (const [key, pair] of pairs) {
    const isBetter =
      best === null || pair.count > best[1].count || (pair.count === best[1].count && key < best[0]);
    if (isBetter) best = [key, pair];
  }
  return best;
}

function merged(symbols: readonly string[], left: string, right: string): string[] {
  const result: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) {
      result.push(left + right);
      i++;
    } else result.push(symbols[i]!);
  }
  return result;
}

/**
 * Learns a CLIP-style byte-level vocabulary (Sennrich et al. 2016): the most frequent pair of neighbours is merged,
 * ties by the pair's text, until there are `vocabularySize` tokens or no pair occurs twice. Any text can be encoded
 * with it. The same texts give the same vocabulary, in whatever order.
 *
 * @param vocabularySize at least 514: the bytes, twice, and the two special tokens
 */
export function trainBpe(texts: Iterable<string>, vocabularySize: number): BytePairVocabulary {
  const symbols = [
    ...symbolsInVocabularyOrder,
    ...symbolsInVocabularyOrder.map((symbol) => symbol + endOfWord),
  ];
  // A set, as two merges can make the same token: `ab c` and `a bc`.
  const tokens = new Set(symbols);
  if (vocabularySize < tokens.size + 2)
    throw new RangeError(`A byte-level vocabulary needs ${tokens.size + 2} tokens, not ${vocabularySize}`);
  const pairs = new Map<string, Pair>();
  for (const word of countWords(texts)) tally(pairs, word, 1);
  const merges: string[] = [];
  while (tokens.size + 2 < vocabularySize) {
    const best = mostFrequent(pairs);
    if (best === null || best[1].count < 2) break;
    const [line, { left, right, words }] = best;
    merges.push(line);
    tokens.add(left + right);
    for (const word of words) {
      tally(pairs, word, -1);
      word.symbols = merged(word.symbols, left, right);
      tally(pairs, word, 1);
    }
    pairs.delete(line);
  }
  const all = [...tokens, '<|startoftext|>', '<|endoftext|>'];
  return { vocab: Object.fromEntries(all.map((token, id) => [token, id])), merges };
}

/**
 * Writes the four files of a tokenizer folder (made where missing), as transformers and diffusers read them.
 *
 * @throws Failure `write-failed`
 */
export async function writeClipTokenizer(
  folder: string,
  vocabulary: BytePairVocabulary,
  maxLength: number,
  pad = '<|endoftext|>',
): Promise<void> {
  const special = {
    bos_token: '<|startoftext|>',
    eos_token: '<|endoftext|>',
    pad_token: pad,
    unk_token: '<|endoftext|>',
  };
  const config = {
    add_prefix_space: false,
    ...special,
    do_lower_case: true,
    errors: 'replace',
    model_max_length: maxLength,
    tokenizer_class: 'CLIPTokenizer',
  };
  await mkdir(folder, { recursive: true });
  const write = (name: string, text: string): Promise<void> => writeFileAtomic(join(folder, name), text);
  await write('vocab.json', JSON.stringify(vocabulary.vocab));
  await write('merges.txt', ['#version: 0.2', ...vocabulary.merges, ''].join('\n'));
  await write('tokenizer_config.json', `${JSON.stringify(config, null, 2)}\n`);
  await write('special_tokens_map.json', `${JSON.stringify(special, null, 2)}\n`);
}
