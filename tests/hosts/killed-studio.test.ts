import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';

import { createClient } from '../../electron/connection/client.ts';
import { linkOverSocket } from '../../electron/connection/links.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { signedIn } from '../studio/transports.ts';

const program = fileURLToPath(new URL('serve-library.ts', import.meta.url));

/** The web host over a library in a process of its own, and a page's client to it. */
async function serve(libraryFolder: string) {
  const child = spawn(process.execPath, [program, libraryFolder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  const address = line.trim();
  const headers = await signedIn(address);
  const { host } = new URL(address);
  const client = createClient(linkOverSocket(() => new WebSocket(`ws://${host}/socket`, { headers })));
  return {
    client,
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

function integrity(libraryFolder: string): unknown {
  const database = new Database(join(libraryFolder, 'library.sqlite'));
  try {
    return database.pragma('integrity_check', { simple: true });
  } finally {
    database.close();
  }
}

test('what was answered is there after a kill, wherever the import was, and the import goes on', async () => {
  const libraryFolder = temporaryFolder();
  const first = await serve(libraryFolder);
  // The sample is being imported: as soon as an image is known its caption is written, and all is killed.
  const firstImage = async () => {
    const [sample] = await first.client.call('datasets.list', {});
    const page = { query: {}, offset: 0, limit: 1 };
    const { rows } = await first.client.call('datasets.images', { datasetId: sample!.id, ...page });
    return rows[0]?.id ?? null;
  };
  await expect.poll(firstImage, { timeout: 30_000, interval: 5 }).not.toBeNull();
  const imageId = (await firstImage())!;
  const [dataset] = await first.client.call('datasets.list', {});
  const [set] = await first.client.call('captions.sets', { datasetId: dataset!.id });
  const captionSetId = set!.id;
  await first.client.call('captions.write', {
    captionSetId,
    captions: [{ imageId, text: 'written by hand' }],
  });
  await first.kill();
  first.client.close();
  expect(integrity(libraryFolder)).toBe('ok');

  const second = await serve(libraryFolder);
  const { captions } = await second.client.call('datasets.image', { imageId });
  expect(captions).toContainEqual(expect.objectContaining({ captionSetId, text: 'written by hand' }));
  await expect
    .poll(async () => (await second.client.call('datasets.list', {}))[0], { timeout: 60_000 })
    .toMatchObject({ importing: false, images: 88 });
  await second.kill();
  second.client.close();
  expect(integrity(libraryFolder)).toBe('ok');
});
