import { moved, type AxisValues, type Coordinates } from './axes.ts';
import { sampleAt, type Book } from './book.ts';

/**
 * Pictures worth having decoded before somebody asks: those of `places` at every epoch, the nearest epochs of all of
 * them first, so that scrubbing never waits. Ids of finished samples, each once.
 */
export function preloadOrder(
  book: Book,
  places: readonly Coordinates[],
  epoch: number,
  epochs: AxisValues['epoch'] = book.values.epoch,
): readonly number[] {
  const here = Math.max(0, epochs.indexOf(epoch));
  // By how many stops of the scrubber, not how many epochs, somebody is away.
  const nearest = epochs
    .map((value, index) => ({ value, distance: Math.abs(index - here) }))
    .sort((a, b) => a.distance - b.distance);
  const ids = new Set<number>();
  for (const { value } of nearest) {
    for (const place of places) {
      const sample = sampleAt(book, moved(place, 'epoch', value));
      if (sample?.status === 'ready') ids.add(sample.id);
    }
  }
  return [...ids];
}
