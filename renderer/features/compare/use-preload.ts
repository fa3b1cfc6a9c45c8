import { useCallback, useEffect, useState } from 'react';

import type { Sample } from '../../../electron/contract/gallery.ts';
import {
  createPictureCache,
  loadInBrowser,
  type PictureCache,
} from '../../components/pictures/picture-cache.ts';
import { sampleAddress } from '../../components/pictures/sample-address.ts';
import type { Coordinates } from './axes.ts';
import type { Book } from './book.ts';
import type { Grid } from './grid.ts';
import { preloadOrder } from './preload-order.ts';
import type { CellsInSight } from './use-grid-sight.ts';

/** Keeps the neighbouring epochs of what is in sight decoded. @returns whether a picture is */
export function usePreload({
  book,
  grid,
  sight,
  large,
}: {
  readonly book: Book;
  readonly grid: Grid;
  readonly sight: CellsInSight | null;
  /** The one picture that is looked at, where one is. */
  readonly large: Coordinates | null;
}): (sample: Sample) => boolean {
  const [cache] = useState<PictureCache>(() => createPictureCache(loadInBrowser));
  useEffect(() => {
    const places = [...(large === null ? [] : [large]), ...placesInSight(grid, sight)];
    const epoch = large?.epoch ?? grid.standing.epoch;
    cache.want(preloadOrder(book, places, epoch).map(sampleAddress));
  }, [cache, book, grid, sight, large]);
  return useCallback((sample) => cache.has(sampleAddress(sample)), [cache]);
}

/** Every place in sight, at one epoch each: the order over epochs is the loading's. */
function placesInSight(grid: Grid, sight: CellsInSight | null): readonly Coordinates[] {
  if (sight === null) return [];
  const places = new Map<string, Coordinates>();
  for (let row = sight.rows.startIndex; row <= sight.rows.endIndex; row += 1) {
    for (let column = sight.columns.startIndex; column <= sight.columns.endIndex; column += 1) {
      const place = grid.placeAt(row, column);
      if (place !== null) places.set(`${place.run} ${place.seed} ${place.prompt}`, place);
    }
  }
  return [...places.values()];
}
