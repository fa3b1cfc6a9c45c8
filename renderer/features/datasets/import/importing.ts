import { createStore } from 'zustand/vanilla';

import type { StudioClient } from '../../../../electron/connection/client.ts';
import type { ImportProgress } from '../../../../electron/contract/datasets.ts';
import type { UploadProgress } from './upload.ts';

/** A stretch of sending files that has not become an import yet. */
export interface Sending {
  readonly name: string | null;
  /** Null while folders are still being walked. */
  readonly progress: UploadProgress | null;
  readonly cancel: () => void;
}

export interface ImportingState {
  readonly sending: Sending | null;
  /** The last word on each import that is under way or ended badly, by data set. */
  readonly imports: ReadonlyMap<number, ImportProgress>;
}

/** What is coming in. Framework-free: fed by events, read by the screens. */
export function createImporting() {
  return createStore<ImportingState>(() => ({ sending: null, imports: new Map() }));
}
export type Importing = ReturnType<typeof createImporting>;

function takeProgress(state: ImportingState, progress: ImportProgress): ImportingState {
  const imports = new Map(state.imports);
  if (progress.phase === 'finished' || progress.phase === 'cancelled') imports.delete(progress.datasetId);
  else imports.set(progress.datasetId, progress);
  return { ...state, imports };
}

/** @returns a function that ends it */
export function followImports(client: StudioClient, importing: Importing): () => void {
  return client.on('datasets.progress', (progress) => {
    importing.setState((state) => takeProgress(state, progress));
  });
}

/** `412 of 10,000`, as far as it is known. */
export function partDone({ done, total }: Pick<ImportProgress, 'done' | 'total'>): number {
  return total === 0 ? 0 : Math.min(1, done / total);
}
