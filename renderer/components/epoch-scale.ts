/** A mark on a ruler of epochs: where it stands, 0 to 1, and whether its number is written. */
export interface EpochMark {
  readonly epoch: number;
  readonly at: number;
  readonly labelled: boolean;
  /** Another stands so near that two dots would touch. */
  readonly crowded: boolean;
}

/** Part of the ruler between two dots that do not touch. */
const apart = 0.04;

/**
 * Marks of these epochs on a ruler from 0 to `epochs`. Numbers are written where they have room: the last always,
 * the others from the right, `room` (a part of the ruler) apart; 0 where it is not pushed out.
 */
export function epochMarks(epochs: number, marked: readonly number[], room = 0.07): readonly EpochMark[] {
  const sorted = [...new Set(marked)].filter((epoch) => epoch >= 0 && epoch <= epochs).sort((a, b) => a - b);
  const gap = (from: number | undefined, to: number | undefined) =>
    from === undefined || to === undefined ? Number.POSITIVE_INFINITY : (to - from) / Math.max(1, epochs);
  const isCrowded = (index: number) =>
    Math.min(gap(sorted[index - 1], sorted[index]), gap(sorted[index], sorted[index + 1])) < apart;
  const crowded = new Set(sorted.filter((_, index) => isCrowded(index)));
  let taken = Number.POSITIVE_INFINITY;
  return sorted
    .toReversed()
    .map((epoch) => {
      const at = epochs === 0 ? 0 : epoch / epochs;
      const labelled = taken - at >= room;
      if (labelled) taken = at;
      return { epoch, at, labelled, crowded: crowded.has(epoch) };
    })
    .reverse();
}
