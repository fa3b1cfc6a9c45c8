import { useCallback } from 'react';
import { useStore } from 'zustand';
import { createStore, type StoreApi } from 'zustand/vanilla';

import type { StudioClient } from '../../../electron/connection/client.ts';
import { useStudio } from '../../studio/studio.tsx';
import { defaultLayout } from './axes.ts';
import { firstView, type View } from './navigation.ts';

type Views = Readonly<Record<string, View>>;

/** How runs were last looked at, by their ids, for coming back to them. */
const remembered = new WeakMap<StudioClient, StoreApi<Views>>();

export type ChangeView = (change: (view: View) => View) => void;

/** The view of these runs: as it was left, else the usual one. */
export function useView(runIds: readonly number[]): readonly [View, ChangeView] {
  const views = viewsOf(useStudio());
  const key = runIds.join();
  const count = runIds.length;
  const view = useStore(views, (all) => all[key]);
  const change = useCallback<ChangeView>(
    (next) => {
      views.setState((all) => ({ [key]: next(all[key] ?? firstView(defaultLayout(count))) }));
    },
    [views, key, count],
  );
  return [view ?? firstView(defaultLayout(count)), change];
}

function viewsOf(client: StudioClient): StoreApi<Views> {
  const known = remembered.get(client);
  if (known !== undefined) return known;
  const views = createStore<Views>(() => ({}));
  remembered.set(client, views);
  return views;
}
