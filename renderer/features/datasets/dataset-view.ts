import { createStore } from 'zustand/vanilla';

import type { ImageQuery } from '../../../electron/contract/datasets.ts';
import { noSelection, reordered, type Selection } from './images/selection.ts';

/** What a person looks at in one data set. */
export interface DatasetView {
  readonly query: ImageQuery;
  readonly selection: Selection;
  /** Wanted side of a tile, in pixels. */
  readonly tile: number;
  /** Pixels a base model was made for and the step its sides keep to: by these, crops are shown. */
  readonly crop: { readonly resolution: number; readonly step: number };
  /** By a person, and not by which base there is. */
  readonly cropChosen: boolean;
}

export const everything: ImageQuery = {
  search: '',
  filter: 'all',
  tag: null,
  sort: 'name',
  descending: false,
  captionSetId: null,
};

const tileKey = 'screenfold-tile';
export const tileRange = { min: 64, max: 320, usual: 148 } as const;

export function createDatasetView(storage: Pick<Storage, 'getItem'>) {
  const stored = Number(storage.getItem(tileKey));
  const tile = stored >= tileRange.min && stored <= tileRange.max ? stored : tileRange.usual;
  return createStore<DatasetView>(() => ({
    query: everything,
    selection: noSelection,
    tile,
    crop: { resolution: 512, step: 64 },
    cropChosen: false,
  }));
}
export type DatasetViewStore = ReturnType<typeof createDatasetView>;

/** Other images, or in another order. */
export function changeQuery(view: DatasetViewStore, change: Partial<ImageQuery>): void {
  view.setState(({ query, selection }) => ({
    query: { ...query, ...change },
    selection: reordered(selection),
  }));
}

export function setTile(view: DatasetViewStore, tile: number, storage: Pick<Storage, 'setItem'>): void {
  view.setState({ tile });
  storage.setItem(tileKey, String(tile));
}

export function setSelection(view: DatasetViewStore, selection: Selection): void {
  view.setState({ selection });
}

/** Whether the query leaves images out. */
export function narrowed({ search, filter, tag }: ImageQuery): boolean {
  return search !== '' || filter !== 'all' || tag !== null;
}
