import { existsSync } from 'node:fs';

import { expect, test } from 'vitest';

import type { ClosableClient } from '../../electron/connection/client.ts';
import { mediaPaths } from '../../electron/connection/protocol.ts';
import { calls } from '../../electron/contract/api.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { openStudio } from './open-studio.ts';

async function sampleOf(client: ClosableClient) {
  const [sample] = await client.call('datasets.list', {});
  return sample!;
}

async function imported(client: ClosableClient): Promise<void> {
  await expect.poll(async () => (await sampleOf(client)).importing, { timeout: 30_000 }).toBe(false);
}

test('a first run has the sample, the embedded base, and all that one click on Train needs', async () => {
  const { client, studio } = await openStudio();
  await imported(client);
  expect(await sampleOf(client)).toMatchObject({
    embedded: true,
    images: 88,
    heldOut: 12,
    problems: 0,
    captionSets: 1,
  });
  const [base] = await client.call('models.list', {});
  expect(base).toMatchObject({ kind: 'embedded', missing: false });
  // No tool could open it as one file, so that is not offered.
  expect(await client.call('exports.unfit', { modelId: base!.id })).toEqual(['single-file']);

  const request = await client.call('runs.defaults', {});
  expect(request.train.epochs).toBeGreaterThan(1);
  const { cover } = await sampleOf(client);
  const thumbnail = await studio.media(mediaPaths.thumbnail(cover[0]!));
  expect(thumbnail).toMatchObject({ contentType: 'image/webp' });
  expect(existsSync(thumbnail!.file)).toBe(true);
  expect(await studio.media(mediaPaths.thumbnail(999_999))).toBeNull();
});

test('what a person removed of it does not come back, and nothing comes twice', async () => {
  const libraryFolder = temporaryFolder();
  const first = await openStudio({ libraryFolder });
  await imported(first.client);
  await first.studio.close();

  const second = await openStudio({ libraryFolder });
  expect(await second.client.call('datasets.list', {})).toHaveLength(1);
  expect(await second.client.call('models.list', {})).toHaveLength(1);
  await second.client.call('datasets.remove', { datasetId: (await sampleOf(second.client)).id });
  await second.studio.close();

  const third = await openStudio({ libraryFolder });
  expect(await third.client.call('datasets.list', {})).toEqual([]);
});

test('every method of the contract has its handler', async () => {
  const { client } = await openStudio();
  const unknown: string[] = [];
  for (const method of Object.keys(calls)) {
    const failure = (await client
      .call(method as 'runs.list', { 'no such key': 1 } as never)
      .catch((error: unknown) => error)) as { readonly code?: string };
    if (failure.code === 'call-unknown') unknown.push(method);
  }
  expect(unknown).toEqual([]);
});
