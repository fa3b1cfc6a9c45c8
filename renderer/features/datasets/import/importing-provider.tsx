import { createContext, type ReactNode, use, useEffect, useState } from 'react';
import { useStore } from 'zustand';

import { StudioFailure } from '../../../../electron/connection/studio-failure.ts';
import { showFailure } from '../../../studio/failure.ts';
import { useStudio } from '../../../studio/studio.tsx';
import { createImporting, followImports, type Importing, type ImportingState } from './importing.ts';

const ImportingContext = createContext<Importing | null>(null);

/** Keeps what is coming in, wherever in the page one goes meanwhile. */
export function ImportingProvider({ children }: { children: ReactNode }) {
  const client = useStudio();
  const [importing] = useState(createImporting);
  useEffect(
    () =>
      followImports(client, importing, (failure) => {
        showFailure(new StudioFailure(failure));
      }),
    [client, importing],
  );
  return <ImportingContext value={importing}>{children}</ImportingContext>;
}

export function useImportingStore(): Importing {
  const importing = use(ImportingContext);
  if (importing === null) throw new Error('there is no ImportingProvider above');
  return importing;
}

export function useImporting<T>(select: (state: ImportingState) => T): T {
  return useStore(useImportingStore(), select);
}
