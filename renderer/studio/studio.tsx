import {
  keepPreviousData,
  type QueryClient,
  useMutation,
  type UseMutationResult,
  useQuery,
  useQueryClient,
  type UseQueryResult,
} from '@tanstack/react-query';
import {
  createContext,
  type ReactNode,
  use,
  useCallback,
  useEffect,
  useEffectEvent,
  useState,
  useSyncExternalStore,
} from 'react';

import type { ConnectionStatus, StudioClient } from '../../electron/connection/client.ts';
import type {
  CommandName,
  EventName,
  EventOf,
  InputOf,
  OutputOf,
  QueryName,
} from '../../electron/contract/api.ts';
import { createRemovals, RemovalsContext, useHidden } from './removals.tsx';
import { isKeptFresh, queriesAbout } from './subjects.ts';

const StudioContext = createContext<StudioClient | null>(null);

/** Gives the page its studio, and asks again for what `changed` events say is no longer so. */
export function StudioProvider({ client, children }: { client: StudioClient; children: ReactNode }) {
  const queries = useQueryClient();
  const [removals] = useState(createRemovals);
  useEffect(() => keepFresh(client, queries), [client, queries]);
  useEffect(() => {
    window.addEventListener('pagehide', removals.commitAll);
    return () => {
      window.removeEventListener('pagehide', removals.commitAll);
    };
  }, [removals]);
  return (
    <StudioContext value={client}>
      <RemovalsContext value={removals}>{children}</RemovalsContext>
    </StudioContext>
  );
}

export function useStudio(): StudioClient {
  const client = use(StudioContext);
  if (client === null) throw new Error('there is no StudioProvider above');
  return client;
}

/** Queries that a change of these subjects concerns are asked again; those nobody looks at, when somebody does. */
function keepFresh(client: StudioClient, queries: QueryClient): () => void {
  const endEvents = client.on('changed', ({ subjects }) => {
    const concerned = queriesAbout(subjects);
    void queries.invalidateQueries({ predicate: ({ queryKey }) => concerned.has(String(queryKey[0])) });
  });
  let wasLost = false;
  const endStatus = client.onStatus((status) => {
    // What happened meanwhile was told to nobody here.
    if (status === 'open' && wasLost) void queries.invalidateQueries();
    wasLost = status === 'lost';
  });
  return () => {
    endEvents();
    endStatus();
  };
}

interface QueryChoice {
  readonly enabled?: boolean;
  /** Show the last answer while the next is under way, so that nothing jumps. */
  readonly keepPrevious?: boolean;
}

/** What a query gives, kept fresh. */
export function useStudioQuery<C extends QueryName>(
  name: C,
  input: InputOf<C>,
  { enabled = true, keepPrevious = false }: QueryChoice = {},
): UseQueryResult<OutputOf<C>> {
  const client = useStudio();
  const hidden = useHidden(name);
  const select = useCallback(
    (data: OutputOf<C>) =>
      (data as readonly { readonly id: number }[]).filter(
        ({ id }) => hidden?.has(id) !== true,
      ) as OutputOf<C>,
    [hidden],
  );
  return useQuery<OutputOf<C>>({
    queryKey: [name, input],
    queryFn: () => client.call(name, input),
    enabled,
    ...(isKeptFresh(name) ? {} : { staleTime: 0 }),
    ...(keepPrevious ? { placeholderData: keepPreviousData } : {}),
    ...(hidden !== null && hidden.size > 0 ? { select } : {}),
  });
}

/** A command to give; its failure is the caller's to show. */
export function useStudioCommand<C extends CommandName>(
  name: C,
): UseMutationResult<OutputOf<C>, Error, InputOf<C>> {
  const client = useStudio();
  return useMutation<OutputOf<C>, Error, InputOf<C>>({ mutationFn: (input) => client.call(name, input) });
}

/** Calls `listener`, always the newest one given, for every such event. */
export function useStudioEvent<E extends EventName>(event: E, listener: (payload: EventOf<E>) => void): void {
  const client = useStudio();
  const onEvent = useEffectEvent(listener);
  useEffect(
    () =>
      client.on(event, (payload) => {
        onEvent(payload);
      }),
    [client, event],
  );
}

export function useConnection(): ConnectionStatus {
  const client = useStudio();
  return useSyncExternalStore(
    (changed) => client.onStatus(changed),
    () => client.status(),
  );
}
