import { createStore } from 'zustand/vanilla';

import type { StudioClient } from '../../../../electron/connection/client.ts';
import type { ImportProgress } from '../../../../electron/contract/datasets.ts';
import type { FailureData } from '../../../../electron/contract/values.ts';
import type { UploadProgress } from './upload.ts';

/** A stretch of sending files that has not become an import yet. */
export interface Sending {
  readonly name: string | null;
  /** What is done with it on the studio's side, once it is there; null while it is sent. */
  readonly working: string | null;
  /** Null while folders are still being walked. */
  readonly progress: UploadProgress | null;
  /** Null where it cannot be stopped any more. */
  readonly cancel: (() => void) | null;
}

export interface ImportingState {
  readonly sending: Sending | null;
  /** The last word on each import that is under way or ended badly, by data set. */
  readonly imports: ReadonlyMap<number, ImportProgress>;
  /** Data sets that nothing came into. Those that were new are no more. */
  readonly empty: ReadonlySet<number>;
}

/** What is coming in. Framework-free: fed by events, read by the screens. */
export function createImporting() {
  return createStore<ImportingState>(() => ({ sending: null, imports: new Map(), empty: new Set() }));
}
export type Importing = ReturnType<typeof createImporting>;

function takeProgress(state: ImportingState, progress: ImportProgress): ImportingState {
  const { datasetId, phase } = progress;
  const imports = new Map(state.imports);
  const empty = new Set(state.empty);
  const isEmpty = heldNoImage(progress);
  if (phase === 'finished' || phase === 'cancelled' || isEmpty) imports.delete(datasetId);
  else imports.set(datasetId, progress);
  if (isEmpty) empty.add(datasetId);
  else empty.delete(datasetId);
  return { ...state, imports, empty };
}

function heldNoImage({ phase, failure }: ImportProgress): boolean {
  return phase === 'failed' && failure?.code === 'dataset-empty';
}

/**
 * @param tell says why nothing came in: the data set may be gone, and the place to say it with it
 * @returns a function that ends it
 */
export function followImports(
  client: StudioClient,
  importing: Importing,
  tell: (failure: FailureData) => void,
): () => void {
  return client.on('datasets.progress', (progress) => {
    importing.setState((state) => takeProgress(state, progress));
    if (heldNoImage(progress) && progress.failure !== null) tell(progress.failure);
  });
}

/** `412 of 10,000`, as far as it is known. */
export function partDone({ done, total }: Pick<ImportProgress, 'done' | 'total'>): number {
  return total === 0 ? 0 : Math.min(1, done / total);
}
