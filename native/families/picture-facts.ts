import { type DataArray, repeated } from '../graph/data-type.ts';
import type { Conditioning } from './family.ts';

/** What the denoiser is told of pictures of one size, for every row of a batch. */
export function repeatedFacts(
  { facts, factsOf }: Pick<Conditioning, 'facts' | 'factsOf'>,
  size: { readonly width: number; readonly height: number },
  rows: number,
): Record<string, DataArray> {
  const told = factsOf(size);
  return Object.fromEntries(
    Object.entries(facts).map(([name, { type }]) => [name, repeated(type, told[name]!, rows)]),
  );
}
