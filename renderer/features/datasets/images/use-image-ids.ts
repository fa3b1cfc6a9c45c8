import { useQueryClient } from '@tanstack/react-query';

import type { ImageQuery } from '../../../../electron/contract/datasets.ts';
import { useStudio } from '../../../studio/studio.tsx';

/** Asks for the ids of all images of a query when they are needed, and keeps them until something changes. */
export function useImageIds(datasetId: number): (query: ImageQuery) => Promise<readonly number[]> {
  const client = useStudio();
  const queries = useQueryClient();
  return (query) => {
    const input = { datasetId, query };
    return queries.query({
      queryKey: ['datasets.imageIds', input],
      queryFn: () => client.call('datasets.imageIds', input),
    });
  };
}
