import { integer } from '../random/philox.ts';

/** A figure with the interval that holds 95 of 100 of those got from pictures drawn anew among the same ones. */
export interface Figure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const draws = 400;

/**
 * By the bootstrap: the figure of as many pictures drawn with replacement, many times over. The same pictures give the same
 * interval.
 * @param figureOf of the pictures at these indices; null where that cannot be said of them
 * @param atOnce how many are drawn, where the interval is to be that of fewer pictures than there are
 */
export function figureWithInterval(
  count: number,
  figureOf: (indices: readonly number[]) => number | null,
  atOnce = count,
): Figure | null {
  const value = figureOf(Array.from({ length: count }, (_, i) => i));
  if (value === null) return null;
  const drawn: number[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const indices = Array.from({ length: atOnce }, (_, i) => integer(0, 'order', draw, i, count));
    const figure = figureOf(indices);
    if (figure !== null) drawn.push(figure);
  }
  drawn.sort((a, b) => a - b);
  const at = (share: number) => drawn[Math.round(share * (drawn.length - 1))] ?? value;
  return { value, low: Math.min(value, at(0.025)), high: Math.max(value, at(0.975)) };
}
