import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { describe, expect, test, vi } from 'vitest';

import type { ClosableClient } from '../../electron/connection/client.ts';
import type { Download } from '../../electron/contract/downloads.ts';
import { captionerPlace, filesOfCaptionerAt } from '../../electron/downloads/captioner-files.ts';
import { createHttpGet } from '../../electron/downloads/http-get.ts';
import {
  type PublishedCaptioner,
  publishedCaptioners,
} from '../../electron/downloads/published-captioners.ts';
import { startEngine } from '../../electron/engine/engine-process.ts';
import { findCaptioner, type WriterFiles } from '../../native/captioning/captioner-files.ts';
import { captioningFixtures, tinyTagger } from '../captioning/fixtures.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { openStudio } from '../studio/open-studio.ts';
import { type FileServer, give, type Giving, serve, sha256 } from './file-server.ts';

/** Serves the files of a folder below `/some/model/resolve/`, as the hub does, with what it tells of them. */
async function hubOf(
  folder: string,
  more: (path: string, turn: number) => Giving & { readonly replaced?: Buffer } = () => ({}),
): Promise<FileServer> {
  return serve((request, response, turn) => {
    const [, revision, path = ''] = /^\/some\/model\/resolve\/([^/]+)\/(.+)$/.exec(request.url ?? '') ?? [];
    const file = join(folder, path);
    if ((revision !== 'main' && revision !== commit) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    const published = readFileSync(file);
    const { replaced: content = published, ...giving } = more(path, turn);
    response.setHeader('x-repo-commit', commit);
    if (path.endsWith('.onnx')) response.setHeader('x-linked-etag', `"${sha256(published)}"`);
    if (request.headers.range === 'bytes=0-0') {
      response.writeHead(206, { 'content-range': `bytes 0-0/${content.length}` }).end(content.subarray(0, 1));
      return;
    }
    give(content, request, response, giving);
  });
}

const graphsOf = ({ vision, decoder, encoder, embedding }: WriterFiles) => ({
  ...{ vision, decoder, encoder, embedding },
});

const commit = 'c0ffee0123456789c0ffee0123456789c0ffee01';

function taggerAt({ origin }: FileServer): PublishedCaptioner {
  const address = `${origin}/some/model/resolve/main/`;
  return { ...publishedCaptioners[0]!, id: 'small', name: 'Small tagger', address };
}

async function studioWith(server: FileServer, libraryFolder = temporaryFolder()) {
  const { client, studio } = await openStudio({
    ...{ libraryFolder, engine: startEngine(), captioners: [taggerAt(server)] },
  });
  await client.call('system.changeSettings', { change: { provider: 'cpu' } });
  return { client, studio, libraryFolder };
}

const list = (client: ClosableClient) => client.call('downloads.list', {});
const until = (client: ClosableClient, holds: (download: Download | undefined) => boolean) =>
  vi.waitUntil(async () => holds((await list(client))[0]), { timeout: 60_000, interval: 20 });
const start = (client: ClosableClient) => client.call('downloads.startCaptioner', { publishedId: 'small' });

describe('a captioning model of the list', () => {
  test('comes by one click, is tried and is a captioner; removed, it gives its room back', async () => {
    const server = await hubOf(tinyTagger);
    const { client, libraryFolder } = await studioWith(server);
    expect(await client.call('downloads.captioners', {})).toMatchObject([{ id: 'small', captionerId: null }]);
    expect(server.asked).toEqual([]);
    await start(client);
    await vi.waitUntil(async () => (await client.call('captioners.list', {})).length === 1, {
      timeout: 60_000,
    });
    await until(client, (download) => download === undefined);
    const [captioner] = await client.call('captioners.list', {});
    const folder = join(libraryFolder, 'downloads', 'Small tagger');
    expect(captioner).toMatchObject({ name: 'Small tagger', kind: 'tagger', folder, downloaded: true });
    for (const name of readdirSync(tinyTagger))
      expect(readFileSync(join(folder, name)).equals(readFileSync(join(tinyTagger, name)))).toBe(true);
    expect(readdirSync(join(libraryFolder, 'downloads'))).toEqual(['Small tagger']);
    const { id: captionerId } = captioner!;
    expect(await client.call('downloads.captioners', {})).toMatchObject([{ captionerId }]);
    // All files are of the state that the first was of.
    expect(server.asked.at(-1)?.path).toContain(`/resolve/${commit}/`);

    const { freedBytes } = await client.call('captioners.remove', { captionerId });
    const bytes = readdirSync(tinyTagger).reduce(
      (sum, name) => sum + readFileSync(join(tinyTagger, name)).length,
      0,
    );
    expect(freedBytes).toBe(bytes);
    expect(existsSync(folder)).toBe(false);
    expect(await client.call('downloads.captioners', {})).toMatchObject([{ captionerId: null }]);
  });

  test('that broke off goes on at the next start with what had come, file and part', async () => {
    let isHeld = true;
    const server = await hubOf(tinyTagger, (path) =>
      isHeld && path === 'model.onnx' ? { stallAfter: 40_000 } : {},
    );
    const first = await studioWith(server);
    await start(first.client);
    const tags = readFileSync(join(tinyTagger, 'selected_tags.csv')).length;
    await until(first.client, (download) => download?.done === tags + 40_000);
    const [running] = await list(first.client);
    expect(running).toMatchObject({ kind: 'captioner', title: 'Small tagger', status: 'running' });
    expect(running?.total).toBe(tags + readFileSync(join(tinyTagger, 'model.onnx')).length);
    expect(await first.client.call('captioners.list', {})).toEqual([]);
    await first.studio.close();

    isHeld = false;
    const second = await studioWith(server, first.libraryFolder);
    expect(await list(second.client)).toMatchObject([{ status: 'paused', done: tags + 40_000 }]);
    const before = server.asked.length;
    await second.client.call('downloads.resume', { downloadId: 'small' });
    await vi.waitUntil(async () => (await second.client.call('captioners.list', {})).length === 1, {
      timeout: 60_000,
    });
    const asked = server.asked.slice(before);
    expect(asked.map(({ path }) => path)).toEqual([`/some/model/resolve/${commit}/model.onnx`]);
  });

  test('that cannot be opened is no captioner, says why, and is thrown away with its folder', async () => {
    const server = await hubOf(tinyTagger, (path) =>
      path === 'selected_tags.csv'
        ? { replaced: Buffer.from('tag_id,name,category,count\n1,tree,0,5\n') }
        : {},
    );
    const { client, libraryFolder } = await studioWith(server);
    await start(client);
    await until(client, (download) => download?.failure?.code === 'captioner-unsupported');
    expect(await list(client)).toMatchObject([{ status: 'ready' }]);
    expect(await client.call('captioners.list', {})).toEqual([]);
    await client.call('downloads.remove', { downloadId: 'small' });
    expect(readdirSync(join(libraryFolder, 'downloads'))).toEqual([]);
  });

  test('a file that is another than its server names is thrown away, and others stay', async () => {
    const wrong = Buffer.alloc(readFileSync(join(tinyTagger, 'model.onnx')).length);
    const server = await hubOf(tinyTagger, (path) => (path === 'model.onnx' ? { replaced: wrong } : {}));
    const { client, libraryFolder } = await studioWith(server);
    await start(client);
    await until(client, (download) => download?.failure?.code === 'download-wrong');
    expect(await list(client)).toMatchObject([{ status: 'failed' }]);
    expect(readdirSync(join(libraryFolder, 'downloads', 'Small tagger'))).toEqual(['selected_tags.csv']);
  });

  test('whose server lacks a file, or cannot be reached, is refused before anything is fetched', async () => {
    const server = await hubOf(temporaryFolder());
    const { client } = await studioWith(server);
    await expect(start(client)).rejects.toMatchObject({
      code: 'download-missing',
      message: expect.stringMatching(/has no (selected_tags\.csv|model\.onnx) at/) as string,
    });
    await server.close();
    await expect(start(client)).rejects.toMatchObject({ code: 'download-unreachable' });
    expect(await list(client)).toEqual([]);
  });
});

describe('of captioning models in part', () => {
  test('two of one name come into folders of their own', async () => {
    const server = await hubOf(tinyTagger, () => ({ stallAfter: 0 }));
    const { client } = await openStudio({ libraryFolder: temporaryFolder() });
    for (const query of ['', '?of=another']) {
      const address = `${server.origin}/some/model/resolve/main/${query}`;
      await client.call('downloads.startCaptionerAddress', { address });
    }
    const files = (await list(client)).map(({ title, file }) => [title, basename(file)]);
    expect(files).toEqual([
      ['main', 'main'],
      ['main', 'main 2'],
    ]);
  });

  test('one goes on from another mirror, without what has come whole already', async () => {
    const first = await hubOf(tinyTagger, (path) => (path === 'model.onnx' ? { stallAfter: 40_000 } : {}));
    const second = await hubOf(tinyTagger);
    const address = 'https://huggingface.co/some/model/resolve/main/';
    const { client } = await openStudio({
      ...{ libraryFolder: temporaryFolder(), captioners: [{ ...taggerAt(first), address }] },
    });
    await client.call('system.changeSettings', { change: { mirror: first.origin } });
    await start(client);
    await until(client, (download) => (download?.done ?? 0) > 40_000);
    await client.call('system.changeSettings', { change: { mirror: second.origin } });
    await start(client);
    await until(client, (download) => download?.status === 'ready');
    const fetched = second.asked.filter(({ headers }) => headers.range !== 'bytes=0-0');
    expect(fetched.map(({ path }) => basename(path))).toEqual(['model.onnx']);
  });
});

describe('a captioning model at an address', () => {
  const asking = () => ({
    get: createHttpGet({ proxy: null, environment: {} }),
    token: null,
    signal: AbortSignal.timeout(30_000),
  });

  test.each(['tagger', 'blip', 'florence-2'])('is found by what a %s consists of', async (name) => {
    const folder = join(captioningFixtures, name);
    const server = await hubOf(folder);
    const address = new URL('/some/model/resolve/main/', server.origin);
    const { files } = await filesOfCaptionerAt(address, [], asking());
    const wanted = await findCaptioner(folder);
    const graphs = wanted.kind === 'tagger' ? [wanted.model] : Object.values(graphsOf(wanted));
    const paths = files.map(({ path }) => join(folder, path));
    expect(paths).toEqual(expect.arrayContaining(graphs.filter((one) => one !== null)));
    expect(paths.every((path) => existsSync(path))).toBe(true);
    expect(files.every(({ bytes, path }) => bytes === readFileSync(join(folder, path)).length)).toBe(true);
    expect(files.every(({ address: of }) => of.includes(`/resolve/${commit}/`))).toBe(true);
  });

  test('takes rounded numbers where there are no others, and weights that lie beside a graph', async () => {
    const folder = temporaryFolder();
    cpSync(join(captioningFixtures, 'blip'), folder, { recursive: true });
    renameSync(join(folder, 'vision_model.onnx'), join(folder, 'vision_model_fp16.onnx'));
    writeFileSync(join(folder, 'vision_model_fp16.onnx_data'), 'weights');
    const server = await hubOf(folder);
    const address = new URL('/some/model/resolve/main/', server.origin);
    const { files } = await filesOfCaptionerAt(address, [], asking());
    const paths = files.map(({ path }) => path);
    expect(paths).toContain('vision_model_fp16.onnx');
    expect(paths).toContain('vision_model_fp16.onnx_data');
    rmSync(join(folder, 'vision_model_fp16.onnx'));
    await expect(filesOfCaptionerAt(address, [], asking())).rejects.toMatchObject({
      code: 'download-missing',
      message: expect.stringContaining('vision_model.onnx') as string,
    });
  });

  test('comes and is a captioner as one of the list is', async () => {
    const server = await hubOf(tinyTagger);
    const { client } = await studioWith(server);
    const address = `${server.origin}/some/model/resolve/main/`;
    await client.call('downloads.startCaptionerAddress', { address });
    await vi.waitUntil(async () => (await client.call('captioners.list', {})).length === 1, {
      timeout: 60_000,
    });
    const [added] = await client.call('captioners.list', {});
    expect(added).toMatchObject({ kind: 'tagger', name: 'main', downloaded: true });
  });

  test('is none where there is neither a tagger nor a model that writes', async () => {
    const server = await hubOf(join(captioningFixtures, 'pictures'));
    const { client } = await studioWith(server);
    await expect(
      client.call('downloads.startCaptionerAddress', {
        address: `${server.origin}/some/model/resolve/main/`,
      }),
    ).rejects.toMatchObject({ code: 'captioner-not-there' });
  });

  test('is where a page of the hub says, whichever of its pages that is', () => {
    const place = (text: string, hubs: readonly string[] = []) => {
      const { name, folder } = captionerPlace(new URL(text), hubs);
      return [name, folder.href];
    };
    const hub = 'https://huggingface.co/a/b';
    expect(place(hub)).toEqual(['b', `${hub}/resolve/main/`]);
    expect(place(`${hub}/tree/v2/onnx`)).toEqual(['b', `${hub}/resolve/v2/`]);
    expect(place(`${hub}/blob/main/onnx/decoder_model.onnx`)).toEqual(['b', `${hub}/resolve/main/`]);
    expect(place('https://mirror.example/a/b', ['https://mirror.example'])).toEqual([
      'b',
      'https://mirror.example/a/b/resolve/main/',
    ]);
    expect(place('https://host.example/models/mine/model.onnx')).toEqual([
      'mine',
      'https://host.example/models/mine/',
    ]);
  });
});

test('what the list offers is laid out as what is read here', async () => {
  for (const { kind, files, address, page, id } of publishedCaptioners) {
    expect(address).toBe(`${page}/resolve/main/`);
    expect(id).toMatch(/^[a-z0-9][a-z0-9.-]*$/);
    const folder = temporaryFolder();
    const model = kind === 'tagger' ? tinyTagger : join(captioningFixtures, kind);
    for (const path of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      if (path.endsWith('.onnx')) writeFileSync(join(folder, path), '');
      else cpSync(join(model, path), join(folder, path));
    }
    const found = await findCaptioner(folder);
    expect(found.kind).toBe(kind);
    const graphs =
      found.kind === 'tagger' ? [found.model] : Object.values(graphsOf(found)).filter((one) => one !== null);
    expect(graphs.map((path) => path.slice(folder.length + 1).replaceAll('\\', '/')).sort()).toEqual(
      files.filter((path) => path.endsWith('.onnx')).sort(),
    );
  }
});
