import type { DataArray } from '../graph/data-type.ts';
import type { ReadEmbedding } from './encode.ts';

/** How a batch's captions reach the training graph. */
export interface Conditioning {
  /** The graph's input for them, and its contents for these captions: one row each. */
  fill(captions: readonly string[]): Promise<{ readonly name: string; readonly data: DataArray }>;
}

/** A frozen text encoder's hidden states, read from the cache. */
export function cachedEmbeddings(read: ReadEmbedding): Conditioning {
  return {
    fill: async (captions) => {
      const rows = await Promise.all(captions.map(read));
      const size = rows[0]!.length;
      const data = new Float32Array(rows.length * size);
      rows.forEach((row, i) => {
        data.set(row, i * size);
      });
      return { name: 'encoder_hidden_states', data };
    },
  };
}

/** Token ids, for a text encoder inside the training graph. */
export function tokenIds(tokenize: (text: string) => readonly number[]): Conditioning {
  const known = new Map<string, BigInt64Array>();
  const ids = (caption: string): BigInt64Array => {
    let found = known.get(caption);
    if (!found) known.set(caption, (found = BigInt64Array.from(tokenize(caption), BigInt)));
    return found;
  };
  return {
    fill: (captions) => {
      const rows = captions.map(ids);
      const data = new BigInt64Array(rows.length * rows[0]!.length);
      rows.forEach((row, i) => {
        data.set(row, i * row.length);
      });
      return Promise.resolve({ name: 'input_ids', data });
    },
  };
}
