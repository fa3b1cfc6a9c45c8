/** Shorter ones have room for themselves. */
const longName = 24;

/** As many letters at the end of a long name are kept at the most. */
const keptAtEnd = 20;

/** Where a word begins: after a space, or a hyphen between words, which that of `1e-4` is not. */
const wordStart = /(?<=[\s_]|\p{L}{2}-)[^\s_-]/gu;

/**
 * A run's name as its beginning, which may be cut, and its end, which is not: of several runs at once the end is what tells
 * them apart, as in `foxes, rate 1e-4, rank 8`. The end begins with a word; a short name, and one long word, are all end.
 */
export function splitName(name: string): readonly [start: string, end: string] {
  if (name.length <= longName) return ['', name];
  const first = [...name.matchAll(wordStart)].find(({ index }) => name.length - index <= keptAtEnd);
  return first === undefined ? ['', name] : [name.slice(0, first.index), name.slice(first.index)];
}
