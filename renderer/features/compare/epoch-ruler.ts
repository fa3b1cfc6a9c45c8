/** A tick of the ruler: where it stands, from 0 (the first epoch) to 1 (the last), and whether its number has room. */
export interface Tick {
  readonly epoch: number;
  readonly position: number;
  readonly labelled: boolean;
}

/**
 * Epochs at their real distances. A label is left out where it would touch one that matters more: the first and the
 * last matter most, then the current one, then the others from the left.
 * @param epochs ascending
 * @param width of the ruler in pixels
 */
export function rulerTicks(epochs: readonly number[], current: number, width: number): readonly Tick[] {
  const [first, last] = [epochs[0] ?? 0, epochs.at(-1) ?? 0];
  const ticks = epochs.map((epoch) => ({ epoch, position: positionOf(epoch, first, last) }));
  const labelled: { readonly epoch: number; readonly position: number }[] = [];
  const important = [first, last, current];
  const ordered = [
    ...ticks.filter(({ epoch }) => epoch === first),
    ...ticks.filter(({ epoch }) => epoch === last && last !== first),
    ...ticks.filter(({ epoch }) => epoch === current && !(epoch === first || epoch === last)),
    ...ticks.filter(({ epoch }) => !important.includes(epoch)),
  ];
  for (const tick of ordered) {
    const room = labelled.every(
      (other) =>
        Math.abs(other.position - tick.position) * width >=
        (labelWidth(other.epoch) + labelWidth(tick.epoch)) / 2,
    );
    if (room) labelled.push(tick);
  }
  return ticks.map((tick) => ({ ...tick, labelled: labelled.includes(tick) }));
}

/** The epoch nearest to a point of the ruler, 0 to 1. */
export function epochAt(epochs: readonly number[], position: number): number {
  const [first, last] = [epochs[0] ?? 0, epochs.at(-1) ?? 0];
  const target = first + Math.min(1, Math.max(0, position)) * (last - first);
  return epochs.reduce(
    (best, epoch) => (Math.abs(epoch - target) < Math.abs(best - target) ? epoch : best),
    first,
  );
}

function positionOf(epoch: number, first: number, last: number): number {
  return last === first ? 0 : (epoch - first) / (last - first);
}

/** Pixels that a label takes, the gap to the next one included; epoch 0 is written `base`. */
function labelWidth(epoch: number): number {
  return (epoch === 0 ? 30 : String(epoch).length * 8) + 10;
}
