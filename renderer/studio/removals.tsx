import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { createContext, use } from 'react';
import { useStore } from 'zustand';
import { createStore, type StoreApi } from 'zustand/vanilla';

import { showFailure } from './failure.ts';

/** What can be removed with a way back, by the query that lists it. */
export type RemovableList = 'datasets.list' | 'runs.list' | 'models.list';

type Hidden = Readonly<Record<RemovableList, ReadonlySet<number>>>;

/** How long there is a way back, in milliseconds; longer as long as the pointer rests on the notice. */
const grace = 8000;

export interface Removals {
  /** What is no longer shown. Ids are never used twice, so that what is gone for good may stay in it. */
  readonly hidden: StoreApi<Hidden>;
  /**
   * Takes something out of sight at once, and removes it for good a little later, unless somebody wants it back meanwhile.
   * Should the page be gone before, it is there again.
   */
  readonly remove: (name: string, list: RemovableList, id: number, forGood: () => Promise<unknown>) => void;
  /** Removes for good what waits: closing the page is no way back. */
  readonly commitAll: () => void;
}

interface Pending {
  readonly list: RemovableList;
  readonly id: number;
  readonly forGood: () => Promise<unknown>;
}

export function createRemovals(): Removals {
  const hidden = createStore<Hidden>(() => ({
    'datasets.list': new Set(),
    'runs.list': new Set(),
    'models.list': new Set(),
  }));
  const pending = new Set<Pending>();
  const hide = ({ list, id }: Pending, isHidden: boolean) => {
    hidden.setState((now) => {
      const ids = new Set(now[list]);
      if (isHidden) ids.add(id);
      else ids.delete(id);
      return { [list]: ids };
    });
  };
  const commit = (one: Pending) => {
    if (!pending.delete(one)) return;
    one.forGood().catch((error: unknown) => {
      hide(one, false);
      showFailure(error);
    });
  };
  return {
    hidden,
    commitAll: () => {
      for (const one of [...pending]) commit(one);
    },
    remove: (name, list, id, forGood) => {
      const one: Pending = { list, id, forGood };
      pending.add(one);
      hide(one, true);
      showRemoved(name, `removed-${list}-${id}`, {
        undo: () => {
          pending.delete(one);
          hide(one, false);
        },
        commit: () => {
          commit(one);
        },
      });
    },
  };
}

function showRemoved(
  name: string,
  noticeId: string,
  { undo, commit }: { readonly undo: () => void; readonly commit: () => void },
): void {
  notifications.show({
    id: noticeId,
    autoClose: grace,
    withBorder: true,
    closeButtonProps: { 'aria-label': 'Close this notice' },
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{name} is removed.</Text>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => {
            undo();
            notifications.hide(noticeId);
          }}
        >
          Undo
        </Button>
      </Group>
    ),
    onClose: commit,
  });
}

export const RemovalsContext = createContext<Removals | null>(null);

export function useRemovals(): Removals {
  const removals = use(RemovalsContext);
  if (removals === null) throw new Error('there is no StudioProvider above');
  return removals;
}

/** Ids of a list's entries that are not shown; null for a list from which nothing is removed so. */
export function useHidden(list: string): ReadonlySet<number> | null {
  const { hidden } = useRemovals();
  return useStore(hidden, (lists) => (Object.hasOwn(lists, list) ? lists[list as RemovableList] : null));
}
