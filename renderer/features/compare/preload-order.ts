import type { Sample } from '../../../electron/contract/gallery.ts';
import { type AxisValues, type Coordinates, moved } from './axes.ts';
import { type Book, sampleAt } from './book.ts';

/**
 * Pictures worth having decoded before somebody asks: those of `places` at every epoch, the nearest epochs of all of
 * them first, so that scrubbing never waits. Finished samples, each once.
 */
export function preloadOrder(
  book: Book,
  places: readonly Coordinates[],
  epoch: number,
  epochs: AxisValues['epoch'] = book.values.epoch,
): readonly Sample[] {
  const here = Math.max(0, epochs.indexOf(epoch));
  // By how many stops of the scrubber, not how many epochs, somebody is away.
  const nearest = epochs
    .map((value, index) => ({ value, distance: Math.abs(index - here) }))
    .sort((a, b) => a.distance - b.distance);
  const samples = new Set<Sample>();
  for (const { value } of nearest) {
    for (const place of places) {
      const sample = sampleAt(book, moved(place, 'epoch', value));
      if (sample?.status === 'ready') samples.add(sample);
    }
  }
  return [...samples];
}
