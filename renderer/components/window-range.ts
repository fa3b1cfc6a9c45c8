/** The part of a long row of equal things that is in sight: from `first` up to and without `end`. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

/**
 * Which of `count` things, each `size` pixels long, lie between `scroll` and `scroll + viewport`, with so many more
 * before and after.
 */
export function rangeInSight(scroll: number, viewport: number, size: number, count: number, more = 1): Range {
  if (count === 0 || size <= 0) return { first: 0, end: 0 };
  const first = Math.max(0, Math.min(count - 1, Math.floor(scroll / size) - more));
  const end = Math.min(count, Math.ceil((scroll + viewport) / size) + more);
  return { first, end: Math.max(end, first + 1) };
}

/** Where to scroll to so that all of `start` to `end` is in sight; the same place where it is already. */
export function scrollToShow(scroll: number, viewport: number, start: number, end: number): number {
  if (start < scroll) return start;
  return end > scroll + viewport ? Math.min(start, end - viewport) : scroll;
}
