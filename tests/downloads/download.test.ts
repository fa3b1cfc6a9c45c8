import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { download, type DownloadDeps, type DownloadProgress } from '../../electron/downloads/download.ts';
import { createHttpGet } from '../../electron/downloads/http-get.ts';
import { keptToken, partPaths } from '../../electron/downloads/part-file.ts';
import { lockFile } from '../../native/files/process-lock.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { type Behave, type FileServer, give, serve, sha256, someBytes } from './file-server.ts';

const content = someBytes(700_000);
const sum = sha256(content);

const network = { proxy: null, environment: {}, patience: 0.4 };

interface Wanted {
  readonly sha256?: string | null;
  readonly bytes?: number | null;
  readonly token?: string | null;
  readonly deps?: Partial<DownloadDeps>;
}

function fetching(server: FileServer, folder: string, wanted: Wanted = {}) {
  const file = join(folder, 'model.safetensors');
  const { sha256: expected = sum, bytes = null, token = null, deps = {} } = wanted;
  const progress: DownloadProgress[] = [];
  const ended = download(
    { address: server.address, file, sha256: expected, bytes, token },
    {
      get: createHttpGet(network),
      signal: new AbortController().signal,
      hurry: 0.001,
      onProgress: (said) => progress.push(said),
      ...deps,
    },
  );
  return { file, progress, ended };
}

/** Everything a download leaves is the file. */
function expectWhole(file: string, bytes: Buffer = content): void {
  expect(readFileSync(file).equals(bytes)).toBe(true);
  expect(readdirSync(join(file, '..'))).toEqual(['model.safetensors']);
}

describe('a download', () => {
  test('brings the file, says how far it is, and leaves nothing beside it', async () => {
    const server = await serve((request, response) => {
      give(content, request, response);
    });
    const { file, progress, ended } = fetching(server, temporaryFolder());
    expect(await ended).toEqual({ bytes: content.length, sha256: sum });
    expectWhole(file);
    const last = progress.findLast(({ phase }) => phase === 'downloading');
    expect(last).toEqual({ phase: 'downloading', done: content.length, total: content.length });
    expect(progress.at(-1)).toMatchObject({ phase: 'checking', done: content.length });
  });

  test.each<[string, Behave]>([
    [
      'breaks off again and again',
      (request, response) => {
        give(content, request, response, { breakAfter: 150_000 });
      },
    ],
    [
      'stalls',
      (request, response, turn) => {
        give(content, request, response, turn < 3 ? { stallAfter: 200_000 } : {});
      },
    ],
    [
      'says nothing at first',
      (request, response, turn) => {
        if (turn > 1) give(content, request, response);
      },
    ],
    [
      'is busy at first',
      (request, response, turn) => {
        if (turn < 3) response.writeHead(503, { 'retry-after': '1' }).end('later');
        else give(content, request, response);
      },
    ],
    [
      'knows no ranges',
      (request, response, turn) => {
        delete request.headers.range;
        give(content, request, response, turn < 3 ? { breakAfter: 300_000 } : {});
      },
    ],
    [
      'has no tags',
      (request, response, turn) => {
        give(content, request, response, { etag: null, ...(turn < 3 && { breakAfter: 300_000 }) });
      },
    ],
    [
      'gives another part than was asked for, and says so',
      (request, response, turn) => {
        if (turn === 2)
          response
            .writeHead(206, { 'content-range': `bytes 0-${content.length - 1}/${content.length}` })
            .end(content);
        else give(content, request, response, turn === 1 ? { breakAfter: 300_000 } : {});
      },
    ],
    [
      'gives another part than was asked for, and does not say so',
      (request, response, turn) => {
        const from = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
        const range = `bytes ${from}-${content.length - 1}/${content.length}`;
        if (turn === 2)
          response.writeHead(206, { 'content-range': range, etag: '"one"' }).end(content.subarray(0, -from));
        else give(content, request, response, turn === 1 ? { breakAfter: 300_000 } : {});
      },
    ],
    [
      'promises more than it has',
      (request, response, turn) => {
        if (turn === 1) {
          response.writeHead(200, { 'content-length': content.length + 50_000, etag: '"long"' });
          response.write(content, () => response.destroy());
        } else give(content, request, response);
      },
    ],
    [
      'gives rubbish in the midst of a part, and then all of it rightly',
      (request, response, turn) => {
        if (turn === 2)
          give(Buffer.concat([content.subarray(0, 400_000), someBytes(300_000)]), request, response);
        else give(content, request, response, turn === 1 ? { breakAfter: 300_000 } : {});
      },
    ],
  ])('from a server that %s has the right bytes in the end', async (_, behave) => {
    const server = await serve(behave);
    const { file, ended } = fetching(server, temporaryFolder());
    await ended;
    expectWhole(file);
  });

  test('goes on where it was rather than anew', async () => {
    const server = await serve((request, response, turn) => {
      give(content, request, response, turn === 1 ? { breakAfter: 500_000 } : {});
    });
    const { file, ended } = fetching(server, temporaryFolder());
    await ended;
    expectWhole(file);
    const from = Number(/\d+/.exec(server.asked[1]?.headers.range ?? '')?.[0]);
    expect(from).toBeGreaterThan(300_000);
    expect(server.asked[1]?.headers['if-range']).toBe('"one"');
  });

  test.each([sum, null])(
    'whose file changes midway is the new file whole, or none (sum known: %s)',
    async (known) => {
      const other = someBytes(700_000);
      const server = await serve((request, response, turn) => {
        if (turn === 1) give(other, request, response, { etag: '"old"', breakAfter: 300_000 });
        else give(content, request, response);
      });
      const { file, ended } = fetching(server, temporaryFolder(), { sha256: known });
      await ended;
      expectWhole(file);
    },
  );

  test('whose file changes midway under the same tag is seen to by what comes twice', async () => {
    const other = someBytes(700_000);
    const server = await serve((request, response, turn) => {
      give(turn === 1 ? other : content, request, response, turn === 1 ? { breakAfter: 300_000 } : {});
    });
    const { file, ended } = fetching(server, temporaryFolder(), { sha256: null });
    await ended;
    expectWhole(file);
  });

  test('with wrong bytes fails and leaves nothing under any name', async () => {
    const server = await serve((request, response) => {
      give(someBytes(700_000), request, response);
    });
    const { file, ended } = fetching(server, temporaryFolder());
    await expect(ended).rejects.toMatchObject({ code: 'download-wrong' });
    expect(readdirSync(join(file, '..'))).toEqual([]);
  });

  test('of which the server promises less than there is fails likewise', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 1000, etag: '"one"' }).end(content.subarray(0, 1000));
    });
    const { file, ended } = fetching(server, temporaryFolder());
    await expect(ended).rejects.toMatchObject({ code: 'download-wrong' });
    expect(readdirSync(join(file, '..'))).toEqual([]);
  });

  test('is held to the sum that the server tells, where nobody else does', async () => {
    const storage = await serve((request, response) => {
      give(someBytes(700_000), request, response);
    });
    const server = await serve((_, response) => {
      response.writeHead(302, { location: storage.address.href, 'x-linked-etag': `"${sum}"` }).end();
    });
    const { ended } = fetching(server, temporaryFolder(), { sha256: null });
    await expect(ended).rejects.toMatchObject({ code: 'download-wrong' });
  });

  test('of another length than it should have is refused before it comes', async () => {
    const server = await serve((request, response) => {
      give(content, request, response);
    });
    const { ended } = fetching(server, temporaryFolder(), { bytes: 12 });
    await expect(ended).rejects.toMatchObject({ code: 'download-wrong' });
  });

  test('gives up after some tries without a byte, and keeps what has come', async () => {
    const server = await serve((request, response, turn) => {
      if (turn === 1) give(content, request, response, { breakAfter: 300_000 });
      else response.destroy();
    });
    const { file, ended } = fetching(server, temporaryFolder());
    await expect(ended).rejects.toMatchObject({
      code: 'download-unreachable',
      message: expect.stringMatching(/broke off the connection|socket/) as string,
    });
    expect(server.asked.length).toBe(6);
    expect(statSync(partPaths(file).part).size).toBeGreaterThan(200_000);
    expect(existsSync(file)).toBe(false);
  });

  test('is refused where the disk has not the room, before a byte is written', async () => {
    const server = await serve((request, response) => {
      give(content, request, response);
    });
    const { file, ended } = fetching(server, temporaryFolder(), {
      deps: { free: () => Promise.resolve(900_000) },
    });
    await expect(ended).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining('needs 700 kB more') as string,
    });
    expect(statSync(partPaths(file).part).size).toBe(0);
  });

  test('is paused and goes on, with the token it was begun with, which nobody else may read', async () => {
    const folder = temporaryFolder();
    const server = await serve((request, response, turn) => {
      give(content, request, response, turn === 1 ? { stallAfter: 300_000 } : {});
    });
    const pause = new AbortController();
    const first = fetching(server, folder, {
      token: 'hf_secret',
      deps: {
        signal: pause.signal,
        onProgress: (said) => {
          if (said.phase === 'downloading' && said.done >= 300_000) pause.abort();
        },
      },
    });
    await expect(first.ended).rejects.toMatchObject({ code: 'download-paused' });
    const token = await keptToken(first.file);
    expect(token).toBe('hf_secret');
    if (process.platform !== 'win32') expect(statSync(partPaths(first.file).token).mode & 0o077).toBe(0);
    expect(readFileSync(partPaths(first.file).state, 'utf8')).not.toContain('hf_secret');

    await fetching(server, folder, { token }).ended;
    expectWhole(first.file);
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer hf_secret',
      'Bearer hf_secret',
    ]);
    expect(server.asked[1]?.headers.range).toBeDefined();
  });

  test('shows a token to the host that was named and to no other', async () => {
    const storage = await serve((request, response) => {
      give(content, request, response);
    });
    const server = await serve((_, response) => {
      response.writeHead(302, { location: storage.address.href }).end();
    });
    await fetching(server, temporaryFolder(), { token: 'hf_secret' }).ended;
    expect(server.asked[0]?.headers.authorization).toBe('Bearer hf_secret');
    expect(storage.asked[0]?.headers).not.toHaveProperty('authorization');
  });

  test.each([
    ['in a circle', '/model.safetensors'],
    ['to an address of another kind', 'file:///etc/passwd'],
  ])('that is sent on %s fails', async (_, location) => {
    const server = await serve((_request, response) => {
      response.writeHead(302, { location }).end();
    });
    const { ended } = fetching(server, temporaryFolder());
    await expect(ended).rejects.toMatchObject({ code: 'download-astray' });
  });

  test('never writes over a file that is there', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'model.safetensors'), 'mine');
    const server = await serve((request, response) => {
      give(content, request, response);
    });
    const { file, ended } = fetching(server, folder);
    await expect(ended).rejects.toMatchObject({ code: 'output-exists' });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(server.asked).toEqual([]);
  });

  test('of one file is done by one at a time', async () => {
    const folder = temporaryFolder();
    const server = await serve((request, response) => {
      give(content, request, response);
    });
    const unlock = lockFile(partPaths(join(folder, 'model.safetensors')).lock);
    await expect(fetching(server, folder).ended).rejects.toMatchObject({ code: 'download-busy' });
    unlock?.();
    await fetching(server, folder).ended;
  });

  test('goes on from another mirror, since the sum is the same', async () => {
    const folder = temporaryFolder();
    const first = await serve((request, response, turn) => {
      if (turn === 1) give(content, request, response, { breakAfter: 400_000 });
      else response.writeHead(404).end();
    });
    await expect(fetching(first, folder).ended).rejects.toMatchObject({ code: 'download-missing' });
    const second = await serve((request, response) => {
      give(content, request, response, { etag: '"of the second"' });
    });
    const { file, ended } = fetching(second, folder);
    await ended;
    expectWhole(file);
    expect(second.asked[0]?.headers.range).toBeDefined();
    expect(second.asked[0]?.headers).not.toHaveProperty('if-range');
  });
});

describe('a proxy', () => {
  test('is asked instead of the host, as the environment or the settings say', async () => {
    const proxy = await serve((request, response) => {
      give(content, request, response);
    });
    const address = new URL('http://models.invalid/model.safetensors');
    for (const [setting, environment] of [
      [proxy.origin, {}],
      [null, { http_proxy: proxy.origin }],
    ] as const) {
      const folder = temporaryFolder();
      const get = createHttpGet({ proxy: setting, environment });
      await fetching({ ...proxy, address }, folder, { deps: { get } }).ended;
      expectWhole(join(folder, 'model.safetensors'));
    }
    expect(proxy.asked.map(({ path }) => path)).toEqual([address.href, address.href]);
  });

  test('that is none is said to be', () => {
    expect(() => createHttpGet({ proxy: 'ftp://proxy', environment: {} })).toThrow(
      expect.objectContaining({ code: 'download-proxy-invalid' }) as Error,
    );
  });
});
