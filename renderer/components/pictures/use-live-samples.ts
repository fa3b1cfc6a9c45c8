import { type Query, type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';

import type { StudioClient } from '../../../electron/connection/client.ts';
import type { OutputOf, QueryName } from '../../../electron/contract/api.ts';
import type { Comparison, Sample } from '../../../electron/contract/gallery.ts';
import { showFailure } from '../../studio/failure.ts';
import { useStudio } from '../../studio/studio.tsx';
import { replaced, withSamples } from './live-samples.ts';

/** Pictures come in bursts when many are put in the queue; the page is drawn once for a burst. Milliseconds. */
const burst = 40;

/** Keeps what the page shows of pictures as they are, picture by picture, without asking for all of them again. */
export function useLiveSamples(): void {
  const client = useStudio();
  const queries = useQueryClient();
  useEffect(() => followSamples(client, queries), [client, queries]);
}

/** @returns a function that ends it */
function followSamples(client: StudioClient, queries: QueryClient): () => void {
  const waiting = new Map<number, Sample>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    // An answer under way may be older than what was just told: that is written over it, not under it.
    if (queries.isFetching({ predicate: ({ queryKey }) => String(queryKey[0]).startsWith('gallery.') }) > 0) {
      timer = setTimeout(flush, burst);
      return;
    }
    timer = undefined;
    const changed = [...waiting.values()];
    waiting.clear();
    writeSamples(queries, changed);
  };
  const end = client.on('gallery.sample', (sample) => {
    waiting.set(sample.id, sample);
    timer ??= setTimeout(flush, burst);
  });
  return () => {
    end();
    clearTimeout(timer);
  };
}

/** Writes pictures into every answer the page holds that has them. */
function writeSamples(queries: QueryClient, changed: readonly Sample[]): void {
  queries.setQueriesData<Comparison>(held('gallery.comparison'), (comparison) =>
    comparison === undefined ? undefined : withSamples(comparison, changed),
  );
  queries.setQueriesData<OutputOf<'gallery.history'>>(held('gallery.history'), (history) =>
    history === undefined ? undefined : { ...history, samples: replaced(history.samples, changed) },
  );
  for (const sample of changed) {
    queries.setQueryData<Sample>(['gallery.sample', { sampleId: sample.id }], (known) => known && sample);
  }
  queries.setQueriesData<Sample[]>(held('gallery.favourites'), (favourites) =>
    favourites === undefined ? undefined : replaced(favourites, changed),
  );
}

/**
 * Answers of a query that the page holds and goes by. One that nobody looks at and that is known to be old is left alone:
 * written into, it would pass for new.
 */
const held = (name: QueryName) => ({
  queryKey: [name],
  predicate: (query: Query) => query.isActive() || !query.state.isInvalidated,
});

/** Makes a picture a favourite, or none; shown at once and taken back where it fails. */
export function useFavourite(): (sample: Sample) => void {
  const client = useStudio();
  const queries = useQueryClient();
  return useMemo(
    () => (sample: Sample) => {
      const favourite = !sample.favourite;
      writeSamples(queries, [{ ...sample, favourite }]);
      client.call('gallery.setFavourite', { sampleId: sample.id, favourite }).catch((error: unknown) => {
        writeSamples(queries, [sample]);
        showFailure(error);
      });
    },
    [client, queries],
  );
}
