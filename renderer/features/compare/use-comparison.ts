import { useMemo } from 'react';

import { useLiveSamples } from '../../components/pictures/use-live-samples.ts';
import { useStudioEvent, useStudioQuery } from '../../studio/studio.tsx';
import { type Book, openBook } from './book.ts';

export interface ComparisonState {
  /** Null until it is there; still the one before while other runs are being asked for. */
  readonly book: Book | null;
  readonly isCurrent: boolean;
  readonly error: unknown;
  readonly retry: () => void;
}

/** Everything there is to compare of these runs, kept as it is: picture by picture, checkpoint by checkpoint. */
export function useComparison(runIds: readonly number[]): ComparisonState {
  useLiveSamples();
  const { data, error, isPlaceholderData, refetch } = useStudioQuery(
    'gallery.comparison',
    { runIds: [...runIds] },
    { enabled: runIds.length > 0, keepPrevious: true },
  );
  useStudioEvent('runs.epoch', ({ runId }) => {
    if (runIds.includes(runId)) void refetch();
  });
  const book = useMemo(() => (data === undefined ? null : openBook(data)), [data]);
  return {
    book,
    isCurrent: !isPlaceholderData,
    error,
    retry: () => {
      void refetch();
    },
  };
}
