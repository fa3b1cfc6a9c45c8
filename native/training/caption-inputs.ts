import type { Conditioning } from '../families/family.ts';
import { type DataArray, elementCount, fromNumbers } from '../graph/data-type.ts';
import type { ReadStates } from './encode-captions.ts';

/** How a batch's captions reach the training graph. */
export interface CaptionInputs {
  /** The graph's inputs for these captions, by name: one row each. Null is a caption that is dropped. */
  fill(captions: readonly (string | null)[]): Promise<Readonly<Record<string, DataArray>>>;
}

/** Frozen text encoders' states, read from the cache. */
export function cachedStates({ states }: Pick<Conditioning, 'states'>, read: ReadStates): CaptionInputs {
  return {
    fill: async (captions) => {
      const rows = await Promise.all(captions.map(read));
      return Object.fromEntries(
        Object.entries(states).map(([name, { shape }]) => {
          const size = elementCount(shape);
          const data = new Float32Array(rows.length * size);
          rows.forEach((row, i) => {
            data.set(row[name]!, i * size);
          });
          return [name, data];
        }),
      );
    },
  };
}

/** What stands for captions, for text encoders inside the training graph. */
export function tokenInputs({ tokens, tokenize }: Pick<Conditioning, 'tokens' | 'tokenize'>): CaptionInputs {
  const known = new Map<string | null, ReturnType<Conditioning['tokenize']>>();
  const ids = (caption: string | null): ReturnType<Conditioning['tokenize']> => {
    let found = known.get(caption);
    if (!found) known.set(caption, (found = tokenize(caption)));
    return found;
  };
  return {
    fill: (captions) => {
      const rows = captions.map(ids);
      const filled = Object.entries(tokens).map(([name, { type }]) => {
        const data = fromNumbers(
          type,
          rows.flatMap((row) => row[name]!),
        );
        return [name, data] as const;
      });
      return Promise.resolve(Object.fromEntries(filled));
    },
  };
}
