import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test, vi } from 'vitest';

import type { ClosableClient } from '../../electron/connection/client.ts';
import type { Download } from '../../electron/contract/downloads.ts';
import type { Starter } from '../../electron/downloads/starters.ts';
import { starters as usual } from '../../electron/downloads/starters.ts';
import { writeKohyaLora } from '../../native/weights/lora-file.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { openStudio } from '../studio/open-studio.ts';
import { tinyLora, tinyLoraLayout } from '../training/tiny-model.ts';
import { type Behave, type FileServer, give, serve, sha256, someModel } from './file-server.ts';

const content = someModel(400_000);

/** A starter that a server of the test gives. */
function starterAt({ address }: FileServer): Starter {
  const { licence } = usual[0]!;
  return {
    ...{ ...usual[0]!, id: 'small', name: 'Small', fileName: 'small.safetensors', licence },
    ...{ address: address.href, bytes: content.length, sha256: sha256(content) },
  };
}

const orderly: Behave = (request, response) => {
  give(content, request, response);
};

const until = (client: ClosableClient, holds: (download: Download | undefined) => boolean) =>
  vi.waitUntil(
    async () => {
      const [download] = await client.call('downloads.list', {});
      return holds(download) ? (download ?? true) : false;
    },
    { timeout: 10_000, interval: 20 },
  );

describe('the studio', () => {
  test('fetches nothing unasked, and a base only when its licence was accepted, once', async () => {
    const server = await serve(orderly);
    const { client } = await openStudio({ starters: [starterAt(server)] });
    expect(await client.call('downloads.starters', {})).toMatchObject([{ id: 'small', accepted: false }]);
    await expect(client.call('downloads.startBase', { starterId: 'small' })).rejects.toMatchObject({
      code: 'licence-not-accepted',
    });
    expect(server.asked).toEqual([]);
    await client.call('downloads.startBase', { starterId: 'small', acceptLicence: true });
    expect(await client.call('downloads.starters', {})).toMatchObject([{ accepted: true }]);
    await until(client, (download) => download?.status === 'ready');
    await client.call('downloads.startBase', { starterId: 'small' });
  });

  test('keeps a file that it cannot open, says why, and lets it be thrown away', async () => {
    const server = await serve(orderly);
    const libraryFolder = temporaryFolder();
    const { client } = await openStudio({ libraryFolder, starters: [starterAt(server)] });
    await client.call('downloads.startBase', { starterId: 'small', acceptLicence: true });
    // There is no engine in this studio that could look into it.
    await until(
      client,
      (download) => download?.status === 'ready' && download.failure?.code === 'engine-died',
    );
    const file = join(libraryFolder, 'downloads', 'small.safetensors');
    expect(readFileSync(file).equals(content)).toBe(true);
    await client.call('downloads.remove', { downloadId: 'small' });
    expect(readdirSync(join(libraryFolder, 'downloads'))).toEqual([]);
    expect(await client.call('downloads.list', {})).toEqual([]);
  });

  test.each([
    ['safetensors', 'style.safetensors'],
    ['PyTorch’s format', 'style.pt'],
  ])('adds a LoRA in %s to the LoRAs, whose file it then leaves alone', async (_, name) => {
    const made = temporaryFolder();
    await writeKohyaLora(join(made, 'style.safetensors'), tinyLora(), tinyLoraLayout, 'float32', {});
    const pickled = new URL('../reference/fixtures/lora.pt', import.meta.url);
    const lora = readFileSync(name.endsWith('.pt') ? pickled : join(made, 'style.safetensors'));
    const server = await serve((request, response) => {
      give(lora, request, response);
    });
    const libraryFolder = temporaryFolder();
    const { client } = await openStudio({ libraryFolder });
    const address = new URL(name, server.address).href;
    const { downloadId } = await client.call('downloads.startAddress', { address, sha256: sha256(lora) });
    await until(client, (download) => download?.status === 'ready' && download.loraId !== null);
    const [download] = await client.call('downloads.list', {});
    const [added] = await client.call('loras.list', {});
    expect(download).toMatchObject({ loraId: added!.id, modelId: null, failure: null });
    expect(added).toMatchObject({ name: 'style', missing: false, path: download!.file });
    await client.call('downloads.remove', { downloadId });
    expect(readFileSync(download!.file).equals(lora)).toBe(true);
  });

  test('pauses a download when asked or closed, shows it at the next start, and goes on when asked to', async () => {
    const server = await serve((request, response, turn) => {
      give(content, request, response, turn < 3 ? { stallAfter: 100_000 * turn } : {});
    });
    const libraryFolder = temporaryFolder();
    const options = { libraryFolder, starters: [starterAt(server)] };
    const first = await openStudio(options);
    await first.client.call('downloads.startBase', { starterId: 'small', acceptLicence: true });
    const told: number[] = [];
    first.client.on('downloads.progress', ({ done }) => told.push(done));
    await until(first.client, (download) => (download?.done ?? 0) >= 100_000);
    // Where nothing more comes, pages hear of the last that came.
    await vi.waitUntil(() => told.at(-1) === 100_000);
    await first.client.call('downloads.pause', { downloadId: 'small' });
    await until(first.client, (download) => download?.status === 'paused');
    await first.client.call('downloads.resume', { downloadId: 'small' });
    await vi.waitUntil(() => server.asked.length === 2);
    await first.studio.close();

    const second = await openStudio(options);
    const [shown] = await second.client.call('downloads.list', {});
    expect(shown).toMatchObject({ status: 'paused', total: content.length });
    expect(shown?.done).toBeGreaterThanOrEqual(100_000);
    expect(server.asked.length).toBe(2);
    await second.client.call('downloads.resume', { downloadId: 'small' });
    await until(second.client, (download) => download?.status === 'ready');
    expect(server.asked.at(-1)?.headers.range).toBeDefined();
  });

  test('downloads from any address, with a token that is in no log and no record', async () => {
    const server = await serve((request, response) => {
      if (request.headers.authorization === 'Bearer hf_secret') give(content, request, response);
      else response.writeHead(401).end();
    });
    const libraryFolder = temporaryFolder();
    const { client, studio } = await openStudio({ libraryFolder });
    const address = server.address.href;
    await expect(client.call('downloads.startAddress', { address })).rejects.toMatchObject({
      code: 'download-token-needed',
    });
    await client.call('downloads.startAddress', { address, token: 'hf_secret' });
    await until(client, (download) => download?.status === 'ready');
    expect(await client.call('downloads.list', {})).toMatchObject([
      { title: 'model.safetensors', host: server.address.host, failure: { code: 'engine-died' } },
    ]);
    await studio.close();
    const kept = readdirSync(libraryFolder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    for (const { parentPath, name } of kept)
      expect(readFileSync(join(parentPath, name)).includes('hf_secret')).toBe(false);
  });

  test('takes what is no model by its bytes for none, and keeps nothing of it', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200).end('<html>login</html>');
    });
    const libraryFolder = temporaryFolder();
    const { client } = await openStudio({ libraryFolder });
    const { downloadId } = await client.call('downloads.startAddress', { address: server.address.href });
    await until(client, (download) => download?.failure?.code === 'download-no-file');
    expect(await client.call('downloads.list', {})).toMatchObject([{ status: 'failed', done: 0 }]);
    await client.call('downloads.remove', { downloadId });
    expect(readdirSync(join(libraryFolder, 'downloads'))).toEqual([]);
  });

  test('says what failed, and tries again when asked to', async () => {
    let isGone = true;
    const server = await serve((request, response) => {
      if (isGone) response.writeHead(404).end();
      else give(content, request, response);
    });
    const { client } = await openStudio({ starters: [starterAt(server)] });
    await client.call('downloads.startBase', { starterId: 'small', acceptLicence: true });
    await until(
      client,
      (download) => download?.status === 'failed' && download.failure?.code === 'download-missing',
    );
    isGone = false;
    await client.call('downloads.resume', { downloadId: 'small' });
    await until(client, (download) => download?.status === 'ready');
  });

  test('looks for starters at a mirror where one is set', async () => {
    const server = await serve(orderly);
    const starter = {
      ...starterAt(server),
      address: 'https://huggingface.co/a/b/resolve/main/c.safetensors',
    };
    const { client } = await openStudio({ starters: [starter] });
    await client.call('system.changeSettings', { change: { mirror: `${server.origin}/hub` } });
    await client.call('downloads.startBase', { starterId: 'small', acceptLicence: true });
    await until(client, (download) => download?.status === 'ready');
    expect(server.asked[0]?.path).toBe('/hub/a/b/resolve/main/c.safetensors');
  });
});
