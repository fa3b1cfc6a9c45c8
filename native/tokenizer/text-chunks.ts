import { mostChunks } from '../facts/caption-reading.ts';
import type { TextReading } from '../facts/text-reading.ts';
import type { ClipTokenizer } from './clip-tokenizer.ts';
import { type PromptPart, promptParts } from './prompt-parts.ts';

export type ChunkTokenizer = Pick<ClipTokenizer, 'ids' | 'framed' | 'maxLength'>;

/** Tokens that an encoder reads at once, with their begin, end and padding. */
export interface TokenChunk {
  readonly ids: readonly number[];
  /** What the states of each token are multiplied by. */
  readonly weights: readonly number[];
}

/**
 * Tokens of a text in chunks as an encoder reads them, 75 at a time for CLIP: each has a begin, an end and padding of its own, as in
 * A1111. There is always one; those beyond the third are left out.
 */
export function tokenChunks(
  parts: readonly PromptPart[],
  { ids, framed, maxLength }: ChunkTokenizer,
): readonly TokenChunk[] {
  return cutInChunks(parts, ids, maxLength - 2)
    .slice(0, mostChunks)
    .map((tokens) => {
      const framedIds = framed(tokens.map(({ id }) => id));
      const weights = new Array<number>(framedIds.length).fill(1);
      for (const [i, { weight }] of tokens.entries()) weights[i + 1] = weight;
      return { ids: framedIds, weights };
    });
}

/** A caption's ids, in that many chunks end to end; brackets in it are just brackets. */
export function captionIds(caption: string, tokenizer: ChunkTokenizer, chunks: number): number[] {
  const found = tokenChunks([{ text: caption, weight: 1 }], tokenizer).slice(0, chunks);
  const empty = new Array<readonly number[]>(chunks - found.length).fill(tokenizer.framed([]));
  return [...found.map(({ ids }) => ids), ...empty].flat();
}

interface WeightedToken {
  readonly id: number;
  readonly weight: number;
}

function cutInChunks(
  parts: readonly PromptPart[],
  ids: (text: string) => readonly number[],
  room: number,
): readonly (readonly WeightedToken[])[] {
  const chunks: WeightedToken[][] = [];
  let last: WeightedToken[] = [];
  const close = (): void => {
    chunks.push(last);
    last = [];
  };
  for (const part of parts) {
    if (part === 'break') {
      close();
      continue;
    }
    for (const id of ids(part.text)) {
      if (last.length === room) close();
      last.push({ id, weight: part.weight });
    }
  }
  if (last.length > 0 || chunks.length === 0) close();
  return chunks;
}

/** How models with these tokenizers read texts; of several, whichever reads the least. */
export function textReadingOf(tokenizers: readonly ClipTokenizer[]): TextReading {
  const most = (of: (tokenizer: ClipTokenizer) => number): number => Math.max(...tokenizers.map(of));
  return {
    limit: Math.min(...tokenizers.map(({ maxLength }) => maxLength)) - 2,
    count: (text) => most((tokenizer) => tokenizer.count(text)),
    countPrompt: (text) => most((tokenizer) => promptLength(text, tokenizer)),
  };
}

/** Tokens of a prompt: brackets and weights are none, and a chunk that `BREAK` ends counts as full. */
function promptLength(text: string, tokenizer: ClipTokenizer): number {
  const parts = promptParts(text);
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'object') return tokenizer.count(only.text);
  const room = tokenizer.maxLength - 2;
  const chunks = cutInChunks(parts, tokenizer.ids, room);
  return (chunks.length - 1) * room + chunks.at(-1)!.length;
}

/** A prompt's chunks; with more wanted, empty ones follow. */
export function promptChunks(
  prompt: string,
  tokenizer: ChunkTokenizer,
  wanted: number,
): readonly TokenChunk[] {
  const found = tokenChunks(promptParts(prompt), tokenizer);
  const [empty] = tokenChunks([], tokenizer);
  return [...found, ...new Array<TokenChunk>(Math.max(0, wanted - found.length)).fill(empty!)];
}

export function areOnes(weights: readonly number[]): boolean {
  return weights.every((weight) => weight === 1);
}
