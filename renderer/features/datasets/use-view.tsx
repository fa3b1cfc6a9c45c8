import { createContext, type ReactNode, use, useState } from 'react';
import { useStore } from 'zustand';

import { createDatasetView, type DatasetView, type DatasetViewStore } from './dataset-view.ts';

interface Here {
  readonly datasetId: number;
  readonly view: DatasetViewStore;
}

const HereContext = createContext<Here | null>(null);

/** One data set and how it is looked at, for everything below. */
export function DatasetViewProvider({ datasetId, children }: { datasetId: number; children: ReactNode }) {
  const [view] = useState(() => createDatasetView(localStorage));
  const [here] = useState(() => ({ datasetId, view }));
  return <HereContext value={here}>{children}</HereContext>;
}

export function useHere(): Here {
  const here = use(HereContext);
  if (here === null) throw new Error('there is no DatasetViewProvider above');
  return here;
}

export function useView<T>(select: (state: DatasetView) => T): T {
  return useStore(useHere().view, select);
}
