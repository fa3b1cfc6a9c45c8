import type { EmbeddingFileNames } from '../facts/model-formats.ts';
import { Failure } from '../failure.ts';
import { mostVectors, oneEncoder, ownWord, wordEntry } from './embedding-facts.ts';
import { openTensorFile } from './open-tensor-file.ts';
import { writeSafetensors } from './safetensors.ts';
import type { TensorFile } from './tensor-file.ts';

/** A text encoder that a new word has vectors for. */
export interface EmbeddedEncoder {
  readonly component: string;
  /** Numbers of a vector. */
  readonly width: number;
  /** What files of several encoders call its vectors: `clip_l`, `clip_g`. */
  readonly name: string;
}

/** A new word with its vectors, end to end, by component. */
export interface Embedding {
  readonly word: string;
  readonly count: number;
  readonly vectors: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
}

/**
 * Reads a new word as textual inversion makes them (Gal et al. 2022): a file of diffusers (one tensor, called by the word), of A1111
 * and kohya (`emb_params`), or for two encoders `clip_l` and `clip_g`.
 *
 * @param word left out: what the file calls it, else the file's name
 * @throws Failure `embedding-unknown`, `embedding-misfit`, `embedding-damaged`, `embedding-nameless`, and those of the file
 */
export async function readEmbedding(
  path: string,
  word: string | undefined,
  encoders: readonly EmbeddedEncoder[],
): Promise<Embedding> {
  const file = await openTensorFile(path);
  try {
    const names = encoders.length > 1 ? encoders.map(({ name }) => name) : [oneName(file)];
    const vectors = new Map<string, Float32Array<ArrayBuffer>>();
    const counts = new Set<number>();
    for (const [i, { component, width }] of encoders.entries()) {
      const name = names[i]!;
      counts.add(countOf(file, name, width));
      const numbers = await file.readAs(name, 'float32');
      if (!numbers.every(Number.isFinite)) throw damaged(path);
      vectors.set(component, numbers);
    }
    const [count] = counts;
    if (counts.size !== 1)
      throw misfit(path, 'it has not as many vectors for one text encoder as for the other');
    const called = (word ?? ownWord(file, names[0]!)).trim();
    if (called === '') throw nameless(path);
    return { word: called, count: count!, vectors };
  } finally {
    await file.close();
  }
}

/**
 * Writes a new word for one text encoder as A1111 and kohya have it (`emb_params`) or as diffusers does (the word itself), for
 * several as all of them do. Always in float32: it is small.
 *
 * @throws Failure `write-failed`
 */
export async function writeEmbedding(
  path: string,
  { word, count, vectors }: Embedding,
  encoders: readonly EmbeddedEncoder[],
  names: EmbeddingFileNames = 'a1111',
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const own = names === 'diffusers' ? word : 'emb_params';
  const tensors = encoders.map(({ component, width, name }) => ({
    name: encoders.length > 1 ? name : own,
    dtype: 'F32' as const,
    shape: [count, width],
    data: vectors.get(component)!,
  }));
  await writeSafetensors(path, tensors, { ...metadata, [wordEntry]: word });
}

function oneName({ path, tensors }: TensorFile): string {
  const known = oneEncoder.find((name) => tensors.has(name));
  const [first] = tensors.keys();
  if (known !== undefined) return known;
  if (tensors.has('clip_l') || tensors.has('clip_g'))
    throw misfit(path, 'it is for Stable Diffusion XL, and this model is not');
  if (tensors.size === 1) return first!;
  throw new Failure(
    'embedding-unknown',
    `${path} is not the file of a new word.`,
    'Choose one that textual inversion made. A LoRA is given with --lora.',
  );
}

/** How many vectors a tensor has: [n, width], or [width] for one. */
function countOf({ path, tensors }: TensorFile, name: string, width: number): number {
  const shape = tensors.get(name)?.shape;
  if (shape === undefined) throw misfit(path, `it has no ${name}, which Stable Diffusion XL needs`);
  if (shape.length === 0) throw misfit(path, 'it has a single number, and no vectors');
  const [count, size] = shape.length === 1 ? [1, shape[0]!] : [shape[0]!, shape[1]!];
  if (shape.length > 2 || size !== width)
    throw misfit(path, `its vectors have ${size} numbers, and this model's text encoder takes ${width}`);
  if (count < 1 || count > mostVectors) throw misfit(path, `it has ${count} vectors`);
  return count;
}

function misfit(path: string, why: string): Failure {
  return new Failure(
    'embedding-misfit',
    `${path} does not fit this model: ${why}.`,
    'Choose the file that was made for this kind of model.',
  );
}

function damaged(path: string): Failure {
  return new Failure(
    'embedding-damaged',
    `${path} is damaged: not all numbers of its vectors are finite.`,
    'Get the file again, or take one from earlier in its training.',
  );
}

function nameless(path: string): Failure {
  return new Failure(
    'embedding-nameless',
    `${path} does not say which word its vectors stand for.`,
    'Say it after the file’s name, as in glyph.safetensors:word.',
  );
}
