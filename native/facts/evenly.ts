/** So many of a list, evenly spread over it; all where there are no more. */
export function evenly<T>(list: readonly T[], count: number): readonly T[] {
  const taken = Math.min(count, list.length);
  return Array.from({ length: taken }, (_, nth) => list[Math.floor((nth * list.length) / taken)]!);
}
