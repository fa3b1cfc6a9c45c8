import type { ImageQuery } from '../../../../electron/contract/datasets.ts';
import { showFailure } from '../../../studio/failure.ts';
import { setSelection } from '../dataset-view.ts';
import { useHere } from '../use-view.tsx';
import {
  extendTo,
  noSelection,
  selectAll,
  type Selection,
  selectOne,
  type Spot,
  toggle,
} from './selection.ts';
import { useImageIds } from './use-image-ids.ts';

export interface Selecting {
  readonly one: (spot: Spot) => void;
  readonly toggle: (spot: Spot) => void;
  readonly oneAt: (position: number) => void;
  readonly toggleAt: (position: number) => void;
  readonly extend: (position: number) => void;
  readonly all: () => void;
  readonly none: () => void;
}

/** Changes the selection. Where it needs ids of images that are not in sight, those are asked for first. */
export function useSelecting(datasetId: number, query: ImageQuery): Selecting {
  const { view } = useHere();
  const idsOf = useImageIds(datasetId);
  const now = () => view.getState().selection;
  const set = (selection: Selection) => {
    setSelection(view, selection);
  };
  const withOrder = (change: (order: readonly number[]) => Selection) => {
    idsOf(query).then((order) => {
      set(change(order));
    }, showFailure);
  };
  const withSpot = (position: number, change: (spot: Spot) => Selection) => {
    // The cursor goes at once, so that a held arrow key is never waiting.
    set({ ...now(), cursor: position });
    withOrder((order) => {
      const id = order[position];
      return id === undefined || now().cursor !== position ? now() : change({ position, id });
    });
  };
  return {
    one: (spot) => {
      set(selectOne(spot));
    },
    toggle: (spot) => {
      set(toggle(now(), spot));
    },
    oneAt: (position) => {
      withSpot(position, selectOne);
    },
    toggleAt: (position) => {
      withSpot(position, (spot) => toggle(now(), spot));
    },
    extend: (position) => {
      set({ ...now(), anchor: now().anchor ?? position, cursor: position });
      withOrder((order) => (now().cursor === position ? extendTo(now(), position, order) : now()));
    },
    all: () => {
      withOrder((order) => selectAll(now(), order));
    },
    none: () => {
      set(noSelection);
    },
  };
}
