import { createStore, type StoreApi } from 'zustand/vanilla';

import { unzoomed, type Zoom } from './zoom.ts';

/** The zoom that all pictures on a screen share. */
export type ZoomStore = StoreApi<Zoom>;

export function createZoomStore(): ZoomStore {
  return createStore<Zoom>(() => unzoomed);
}
