import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { vi } from 'vitest';

import type { ClosableClient } from '../../electron/connection/client.ts';

const sample = fileURLToPath(new URL('../../resources/sample', import.meta.url));

export const patience = 240_000;
export const waiting = { timeout: patience, interval: 100 };

/** A few of the sample's pictures in a folder of their own, without what is known of them. */
export function makeToys(parent: string): string {
  const folder = join(parent, 'toys');
  mkdirSync(folder, { recursive: true });
  const pictures = readdirSync(sample).filter((file) => file.endsWith('.webp'));
  for (const name of pictures.slice(0, 7)) cpSync(join(sample, name), join(folder, name));
  return folder;
}

/** Begins to train the embedded base on six toys, the seventh being held out; one prompt, drawn in few steps. */
export async function trainOnToys(
  client: ClosableClient,
  folder: string,
  epochs: number,
  checkpoints: readonly number[],
): Promise<number> {
  const { datasetId } = await client.call('datasets.import', { paths: [folder] });
  await vi.waitUntil(async () => !(await client.call('datasets.get', { datasetId })).importing, waiting);
  const { captionSetId } = await client.call('captions.createSet', {
    datasetId,
    name: 'toys',
    source: { kind: 'fixed', text: 'a toy' },
  });
  const { rows } = await client.call('datasets.images', { datasetId, query: {}, offset: 0, limit: 1 });
  await client.call('datasets.holdOut', { imageIds: rows.map(({ id }) => id), heldOut: true });
  const usual = await client.call('runs.defaults', { datasetId });
  const { runIds } = await client.call('runs.start', {
    request: {
      ...usual,
      name: 'toys',
      captionSetIds: [captionSetId],
      train: { ...usual.train, epochs, checkpoints: [...checkpoints], batchSize: 6 },
      prompts: [{ prompt: 'a toy' }],
      seeds: [0],
      recipe: { ...usual.recipe, sampler: 'ddim', steps: 3 },
    },
  });
  return runIds[0]!;
}
