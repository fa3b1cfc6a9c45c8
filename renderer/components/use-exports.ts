import { useQueryClient } from '@tanstack/react-query';

import type { Export } from '../../electron/contract/exports.ts';
import { useStudioEvent, useStudioQuery } from '../studio/studio.tsx';

/** Everything exported so far, newest first, as it becomes ready; undefined until it is known. */
export function useExports(): readonly Export[] | undefined {
  const queries = useQueryClient();
  const { data } = useStudioQuery('exports.list', {});
  useStudioEvent('exports.changed', (changed) => {
    queries.setQueryData<Export[]>(['exports.list', {}], (list) => withExport(list ?? [], changed));
  });
  return data && [...data].sort((a, b) => b.createdAt - a.createdAt || b.id - a.id);
}

function withExport(list: readonly Export[], changed: Export): Export[] {
  return list.some(({ id }) => id === changed.id)
    ? list.map((entry) => (entry.id === changed.id ? changed : entry))
    : [changed, ...list];
}
