import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { type CallName, calls, type InputOf, type OutputOf } from '../../electron/contract/api.ts';
import { type ImageQuery, imageQuerySchema, type ImportProgress } from '../../electron/contract/datasets.ts';
import { createDatasets, type DatasetOptions, type Datasets } from '../../electron/datasets/datasets.ts';
import { readHere } from '../../electron/datasets/files/picture-reader.ts';
import { type Library, openLibrary } from '../../electron/library/library.ts';

type Method = Extract<CallName, `datasets.${string}` | `captions.${string}`>;

export interface OpenStudio {
  readonly datasets: Datasets;
  readonly library: Library;
  readonly events: { readonly event: string; readonly payload: unknown }[];
  readonly problemsLogged: string[];
  /** Calls as the page does: input and output are checked against the contract. */
  readonly call: <M extends Method>(method: M, input: InputOf<M>) => Promise<OutputOf<M>>;
  readonly progress: () => readonly ImportProgress[];
  readonly close: () => Promise<void>;
}

/** A folder of this test's own, removed when it ends. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'screenfold 日本 ü '));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** The data sets of a library, closed when the test ends. */
export function openStudio(folder = join(testFolder(), 'library'), options: DatasetOptions = {}): OpenStudio {
  const library = openLibrary(folder);
  const events: { event: string; payload: unknown }[] = [];
  const problemsLogged: string[] = [];
  let time = 1_700_000_000_000;
  const datasets = createDatasets(
    {
      library,
      publish: (event, payload) => events.push({ event, payload }),
      log: {
        info: () => undefined,
        warn: (message) => problemsLogged.push(message),
        error: (message) => problemsLogged.push(message),
      },
      now: () => ++time,
    },
    { pictures: readHere, ...options },
  );
  let open = true;
  const close = async () => {
    if (!open) return;
    open = false;
    await datasets.close();
    library.close();
  };
  onTestFinished(close);
  return {
    ...{ datasets, library, events, problemsLogged, close },
    call: async (method, input) => {
      const handler = datasets.handlers[method] as (input: unknown) => unknown;
      const output = await handler(calls[method].input.parse(input));
      return calls[method].output.parse(output) as OutputOf<typeof method>;
    },
    progress: () =>
      events
        .filter(({ event }) => event === 'datasets.progress')
        .map(({ payload }) => payload as ImportProgress),
  };
}

/** Imports a folder and waits until it is read. */
export async function importFolder(studio: OpenStudio, folder: string): Promise<number> {
  const { datasetId } = await studio.call('datasets.import', { paths: [folder] });
  await studio.datasets.settled();
  return datasetId;
}

export async function filesOf(
  studio: OpenStudio,
  datasetId: number,
  query: Partial<ImageQuery> = {},
): Promise<string[]> {
  const { rows } = await studio.call('datasets.images', {
    ...{ datasetId, offset: 0, limit: 1000 },
    query: imageQuerySchema.parse(query),
  });
  return rows.map(({ file }) => file);
}

/** Ids by file. */
export async function idsOf(
  studio: OpenStudio,
  datasetId: number,
): Promise<Readonly<Record<string, number>>> {
  const { rows } = await studio.call('datasets.images', { datasetId, query: {}, offset: 0, limit: 1000 });
  return Object.fromEntries(rows.map(({ file, id }) => [file, id]));
}

/** Captions by file. */
export async function captionsOf(
  studio: OpenStudio,
  datasetId: number,
  captionSetId: number,
): Promise<Readonly<Record<string, string | null>>> {
  const { rows } = await studio.call('datasets.images', {
    ...{ datasetId, offset: 0, limit: 1000 },
    query: { captionSetId },
  });
  return Object.fromEntries(rows.map(({ file, caption }) => [file, caption]));
}
