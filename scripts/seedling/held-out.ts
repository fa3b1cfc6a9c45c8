/** What of the world outside the sample data set the report asks a finetuned model for. */

export interface Named {
  readonly name: string;
  readonly category: string;
}

/**
 * `count` of the candidates that a finetuning does not see, of kinds that it does see: first those that the sample itself
 * holds out, then others, evenly spread. Names compare without case.
 */
export function heldOutFromSample<T extends Named>(
  sample: readonly (Named & { readonly split: string })[],
  candidates: readonly T[],
  count: number,
): readonly T[] {
  const splits = new Map(sample.map(({ name, split }) => [name.toLowerCase(), split]));
  const kinds = new Set(sample.map(({ category }) => category));
  const possible = candidates.filter(({ category }) => kinds.has(category));
  const own = possible.filter(({ name }) => splits.get(name.toLowerCase()) === 'validation');
  const others = possible.filter(({ name }) => !splits.has(name.toLowerCase()));
  const wanted = Math.min(others.length, Math.max(0, count - own.length));
  return [
    ...own.slice(0, count),
    ...Array.from({ length: wanted }, (_, i) => others[Math.floor((i * others.length) / wanted)]!),
  ];
}
