import { type RefCallback, useCallback, useState } from 'react';
import { useStore } from 'zustand';

import { attachZoom, type Wheel } from './attach-zoom.ts';
import { createZoomStore, type ZoomStore } from './zoom-store.ts';

/** A zoom for as long as the screen lives. */
export function useZoomStore(): ZoomStore {
  const [store] = useState(createZoomStore);
  return store;
}

export function useScale(store: ZoomStore): number {
  return useStore(store, ({ scale }) => scale);
}

/**
 * For the element around zoomed pictures: every `Picture` below it, in a frame marked `data-zoom-frame`, follows the
 * zoom, and the wheel and the pointer over any of them change it.
 * @param wheel whether the wheel zooms by itself or only with ctrl, where it scrolls
 */
export function useZoomArea(store: ZoomStore, wheel: Wheel): RefCallback<HTMLElement> {
  return useCallback(
    (element: HTMLElement | null) => (element === null ? undefined : attachZoom(element, store, wheel)),
    [store, wheel],
  );
}
