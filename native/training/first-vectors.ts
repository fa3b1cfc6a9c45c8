import type { OpenModel } from '../families/family.ts';
import type { Method } from '../jobs.ts';
import { tokenTableKey } from '../models/clip-text.ts';
import type { Parameter } from '../models/parameter.ts';
import { initialWeights } from './initial-weights.ts';

export type WordMethod = Extract<Method, { readonly kind: 'embedding' }>;

type Vectors = Float32Array<ArrayBuffer>;

/**
 * What a new word's vectors are before the first step: those of the words it begins with in one text encoder, [n, width]; without
 * any, small ones at random.
 */
export async function firstVectors(
  parameter: Parameter,
  { initWords, vectors }: Pick<WordMethod, 'initWords' | 'vectors'>,
  { wordEncoders, readWeight }: Pick<OpenModel, 'wordEncoders' | 'readWeight'>,
  seed: number,
): Promise<Vectors> {
  const { component } = parameter;
  const encoder = wordEncoders.find((one) => one.component === component)!;
  const { width, vocabularySize } = encoder;
  const ids = encoder.ids(initWords);
  if (ids.length === 0) return initialWeights(parameter, seed);
  const table = await readWeight({ component, key: tokenTableKey, shape: [vocabularySize, width] });
  const rows = ids.map((id) => table.subarray(id * width, (id + 1) * width));
  const first = new Float32Array(vectors * width);
  for (const [i, share] of shares(rows, vectors).entries()) first.set(mean(share, width), i * width);
  return first;
}

/**
 * Which words each vector begins as: where there are more vectors than words, these again in turn, as kohya's scripts have it; where
 * there are fewer, each the mean of its share.
 */
function shares<Row>(rows: readonly Row[], vectors: number): readonly (readonly Row[])[] {
  const place = (i: number): number => Math.floor((i * rows.length) / vectors);
  return Array.from({ length: vectors }, (_, i) =>
    vectors >= rows.length ? [rows[i % rows.length]!] : rows.slice(place(i), place(i + 1)),
  );
}

function mean(rows: readonly Float32Array[], width: number): Vectors {
  return Float32Array.from(
    { length: width },
    (_, k) => rows.reduce((sum, row) => sum + row[k]!, 0) / rows.length,
  );
}
