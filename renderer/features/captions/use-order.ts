import { useEffect, useState } from 'react';

import { showFailure } from '../../studio/failure.ts';
import { useImageIds } from '../datasets/images/use-image-ids.ts';
import { useView } from '../datasets/use-view.tsx';

/**
 * Ids of the images that the grid shows, as they are when writing begins; null until they are known. Captions written
 * meanwhile may change what a filter selects, but not under the writer's hands.
 */
export function useOrder(datasetId: number, captionSetId: number | null): readonly number[] | null {
  const [query] = useState(useView((state) => state.query));
  const idsOf = useImageIds(datasetId);
  const [order, setOrder] = useState<readonly number[] | null>(null);
  const known = order !== null;
  useEffect(() => {
    if (known || captionSetId === null) return undefined;
    let wanted = true;
    idsOf({ ...query, captionSetId }).then((ids) => {
      if (wanted) setOrder(ids);
    }, showFailure);
    return () => {
      wanted = false;
    };
  }, [known, idsOf, query, captionSetId]);
  return captionSetId === null ? [] : order;
}
