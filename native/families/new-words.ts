import { join } from 'node:path';

import { embeddingName } from '../facts/run-folder.ts';
import { Failure } from '../failure.ts';
import { exists } from '../files/exists.ts';
import { float32ToFloat16 } from '../graph/half.ts';
import type { EmbeddingUse, ModelReference } from '../jobs.ts';
import { newWordsKey } from '../models/clip-text.ts';
import { halfWeight, type ReadWeight } from '../models/weight-tensor.ts';
import type { ClipTokenizer } from '../tokenizer/clip-tokenizer.ts';
import { withNewWords } from '../tokenizer/new-words.ts';
import { type EmbeddedEncoder, type Embedding, readEmbedding } from '../weights/embedding-file.ts';

type Weight = Parameters<ReadWeight>[0];

/** Words that a model is given besides those of its vocabulary. */
export interface NewWords {
  /** Vectors of all of them together. */
  readonly vectors: number;
  /** The tokenizer of an encoder with that many words of its own: ids from there on stand for the vectors, in order. */
  readonly tokenizer: (own: ClipTokenizer, vocabularySize: number) => ClipTokenizer;
  /** The weights that are theirs; all else is read as before. */
  readonly read: (others: ReadWeight) => ReadWeight;
}

/** @throws Failure `embedding-word-taken`, and those of `readEmbedding` */
export async function openNewWords(
  reference: Pick<ModelReference, 'checkpoint' | 'embeddings' | 'taught'>,
  encoders: readonly EmbeddedEncoder[],
): Promise<NewWords> {
  const { embeddings = [], taught } = reference;
  const read: (Embedding & { readonly file: string })[] = [];
  for (const { file, word } of [...(await learnedBy(reference)), ...embeddings]) {
    const own = await readEmbedding(file, word, encoders);
    const taken = read.find((other) => other.word.toLowerCase() === own.word.toLowerCase());
    if (taken) throw wordTaken(own.word, taken.file, file);
    read.push({ ...own, file });
  }
  if (taught) {
    const { word, vectors: count } = taught;
    const vectors = encoders.map(
      ({ component, width }) => [component, new Float32Array(count * width)] as const,
    );
    read.push({ word, count, vectors: new Map(vectors), file: '' });
  }
  const vectors = read.reduce((sum, { count }) => sum + count, 0);
  return {
    vectors,
    tokenizer: (own, vocabularySize) => {
      let next = vocabularySize;
      const words = read.map(({ word, count }) => ({
        word,
        ids: Array.from({ length: count }, () => next++),
      }));
      return withNewWords(own, words);
    },
    read: (others) => (vectors === 0 ? others : withVectors(others, read)),
  };
}

/** The word of a checkpoint, where a run taught one. */
async function learnedBy({
  checkpoint,
}: Pick<ModelReference, 'checkpoint'>): Promise<readonly EmbeddingUse[]> {
  if (checkpoint === undefined) return [];
  const file = join(checkpoint, embeddingName);
  return (await exists(file)) ? [{ file }] : [];
}

function withVectors(others: ReadWeight, embeddings: readonly Embedding[]): ReadWeight {
  const vectorsOf = (component: string) => endToEnd(embeddings.map(({ vectors }) => vectors.get(component)!));
  const read = ({ component, key, shape }: Weight) =>
    key === newWordsKey ? Promise.resolve(vectorsOf(component)) : others({ component, key, shape });
  return Object.assign(read, {
    half: (weight: Weight) =>
      weight.key === newWordsKey
        ? Promise.resolve(float32ToFloat16(vectorsOf(weight.component)))
        : halfWeight(others, weight),
  });
}

function wordTaken(word: string, first: string, second: string): Failure {
  return new Failure(
    'embedding-word-taken',
    `${second} and ${first} both stand for “${word}”.`,
    'Give one of them another word after the file’s name, as in glyph.safetensors:word.',
  );
}

function endToEnd(arrays: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  return Float32Array.from(arrays.flatMap((array) => [...array]));
}
