import { basename } from 'node:path';

import type { EmbeddingFacts } from '../facts/embedding-facts.ts';
import type { LoraBase } from '../facts/lora-facts.ts';
import { modelNameOf } from '../facts/model-formats.ts';
import type { TensorFile } from './tensor-file.ts';

/** What A1111 and kohya call the vectors of the one encoder there is; in A1111's older files they lie deeper. */
export const oneEncoder = ['emb_params', 'string_to_param.*', '*'];

/** More than a text has room for. */
export const mostVectors = 75;

const bothEncoders = ['clip_l', 'clip_g'];

/** Widths of the text encoders of these kinds. */
const widthsOf: Readonly<Record<LoraBase, readonly number[]>> = {
  sd1: [768],
  sd2: [1024],
  sdxl: [768, 1280],
};

/** What the header of a file written here says of its word, which by A1111's names nothing in it does. */
export const wordEntry = 'word';

/** The word that a file gives to vectors of that name. */
export function ownWord(
  { path, metadata }: Pick<TensorFile, 'path'> & Partial<Pick<TensorFile, 'metadata'>>,
  tensor: string,
): string {
  const told = metadata?.get(wordEntry);
  if (told !== undefined) return told;
  return [...oneEncoder, ...bothEncoders].includes(tensor) ? modelNameOf(basename(path)) : tensor;
}

/** Null for a file of anything else than a new word. */
export function embeddingFactsOf(
  file: Pick<TensorFile, 'path' | 'tensors'> & Partial<Pick<TensorFile, 'metadata'>>,
): EmbeddingFacts | null {
  const { tensors } = file;
  const known = oneEncoder.find((name) => tensors.has(name));
  const names = bothEncoders.every((name) => tensors.has(name))
    ? bothEncoders
    : [known ?? onlyWord([...tensors.keys()]) ?? ''];
  const shapes = names.map((name) => tensors.get(name)?.shape ?? []);
  if (shapes.some(({ length }) => length < 1 || length > 2)) return null;
  const [vectors, ...others] = shapes.map((shape) => (shape.length === 1 ? 1 : shape[0]!));
  if (vectors! < 1 || vectors! > mostVectors || others.some((count) => count !== vectors)) return null;
  const widths = shapes.map((shape) => shape.at(-1)!);
  const base = Object.entries(widthsOf).find(([, own]) => own.join() === widths.join());
  return {
    word: ownWord(file, names[0]!).trim(),
    vectors: vectors!,
    widths,
    base: (base?.[0] as LoraBase | undefined) ?? null,
  };
}

/** The one tensor there is, where a weight of a model would not be called so. */
function onlyWord(names: readonly string[]): string | undefined {
  const [name, ...others] = names;
  return others.length === 0 && name !== undefined && /^<.+>$|^[^.]*$/.test(name) ? name : undefined;
}
