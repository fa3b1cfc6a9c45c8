import { useQueryClient } from '@tanstack/react-query';

import type { Download } from '../../../electron/contract/downloads.ts';
import { useStudioEvent, useStudioQuery } from '../../studio/studio.tsx';

/** Downloads of one kind, each as its last word has it. */
export function useDownloads(kind: Download['kind']) {
  const queries = useQueryClient();
  const downloads = useStudioQuery('downloads.list', {});
  useStudioEvent('downloads.progress', (told) => {
    queries.setQueryData<readonly Download[]>(['downloads.list', {}], (known) =>
      known?.map((download) => (download.id === told.id ? told : download)),
    );
  });
  return { ...downloads, data: downloads.data?.filter((download) => download.kind === kind) };
}
