import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import path from 'node:path';
import { onTestFinished, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { uploadPath } from '../../electron/contract/protocol.ts';
import { startWebHost, type WebHost } from '../../electron/hosts/web.ts';
import { resolveMedia } from '../../electron/studio/media.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { pageFolder, signedIn } from '../studio/transports.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** `fetch` rewrites paths and refuses to set what is tested here, so this asks with the bytes as they are. */
function ask(
  host: WebHost,
  address: string,
  { method = 'GET', headers = {}, body }: Asked = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port: host.port, path: address, method, headers },
      (response) => {
        let text = '';
        response.setEncoding('latin1').on('data', (part: string) => (text += part));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

async function openHost() {
  const folder = temporaryFolder();
  const picture = path.join(folder, 'picture.png');
  writeFileSync(picture, 'abcdefghij');
  const host = await startWebHost({
    studio: Promise.resolve({
      version: '1.0.0',
      dispatch: () => Promise.reject(new Error('nobody asks')),
      subscribe: () => () => undefined,
      uploads: path.join(folder, 'uploads'),
      media: (address) =>
        resolveMedia(address, {
          images: (id) => Promise.resolve(id === 7 ? { file: picture, contentType: 'image/png' } : null),
        }),
    }),
    pageFolder: pageFolder(),
    port: 0,
    uploadLimit: 1000,
  });
  onTestFinished(() => host.close());
  const { cookie, origin } = await signedIn(host.address);
  return { host, folder, picture, cookie, origin };
}

describe('the web host', () => {
  test('listens on the loopback interface alone', async () => {
    const { host } = await openHost();
    expect(host.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/);
  });

  test('answers nobody without the token, and says where it is found', async () => {
    const { host } = await openHost();
    for (const address of ['/', '/assets/x.js', '/media/images/7', '/uploads/x/y.png']) {
      expect(await ask(host, address)).toMatchObject({
        status: 401,
        body: expect.stringContaining('token') as string,
      });
    }
  });

  test('takes a ticket once', async () => {
    const { host } = await openHost();
    const { pathname, search } = new URL(host.ticket());
    expect((await ask(host, pathname + search)).status).toBe(200);
    expect((await ask(host, pathname + search)).status).toBe(401);
  });

  test('is not to be had under a foreign name or from another page', async () => {
    const { host, cookie } = await openHost();
    const foreignName = { cookie, host: `evil.example:${host.port}` };
    expect((await ask(host, '/', { headers: foreignName })).status).toBe(403);
    const foreignPage = { cookie, origin: 'https://evil.example' };
    expect((await ask(host, '/', { headers: foreignPage })).status).toBe(403);
  });

  test('gives the page with a strict policy, and sniffing off everywhere', async () => {
    const { host, cookie } = await openHost();
    const page = await ask(host, '/', { headers: { cookie } });
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/);
    const nothing = await ask(host, '/x', { headers: { cookie } });
    for (const { headers } of [page, nothing]) {
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
    }
  });

  test.each(['POST', 'DELETE', 'OPTIONS'])('knows no %s', async (method) => {
    const { host, cookie, origin } = await openHost();
    expect((await ask(host, '/', { method, headers: { cookie, origin } })).status).toBe(405);
  });

  test.each(['//', '/%', '/?token=%zz', '/media/images/7%00', '/socket'])('survives %s', async (address) => {
    const { host, cookie } = await openHost();
    expect((await ask(host, address, { headers: { cookie } })).status).toBeGreaterThanOrEqual(400);
    expect((await ask(host, '/', { headers: { cookie } })).status).toBe(200);
  });
});

describe('its pictures', () => {
  test('are whole, with a tag by which the browser keeps its copy', async () => {
    const { host, cookie, picture } = await openHost();
    const whole = await ask(host, '/media/images/7', { headers: { cookie } });
    expect(whole).toMatchObject({ status: 200, body: 'abcdefghij' });
    expect(whole.headers).toMatchObject({
      'content-type': 'image/png',
      'cache-control': 'private, no-cache',
    });
    const again = { cookie, 'if-none-match': whole.headers.etag! };
    expect(await ask(host, '/media/images/7', { headers: again })).toMatchObject({ status: 304, body: '' });
    // The file became another one; the id stayed.
    writeFileSync(picture, 'klmnopqrst');
    utimesSync(picture, 1, 1);
    expect(await ask(host, '/media/images/7', { headers: again })).toMatchObject({
      status: 200,
      body: 'klmnopqrst',
    });
  });

  test('with a version in their address are not asked about again', async () => {
    const { host, cookie } = await openHost();
    const { headers } = await ask(host, '/media/images/7?v=1', { headers: { cookie } });
    expect(headers['cache-control']).toContain('immutable');
  });

  test('come in parts', async () => {
    const { host, cookie } = await openHost();
    const part = await ask(host, '/media/images/7', { headers: { cookie, range: 'bytes=2-4' } });
    expect(part).toMatchObject({ status: 206, body: 'cde' });
    expect(part.headers['content-range']).toBe('bytes 2-4/10');
    const beyond = await ask(host, '/media/images/7', { headers: { cookie, range: 'bytes=10-' } });
    expect(beyond.status).toBe(416);
    const changed = { cookie, range: 'bytes=2-4', 'if-range': '"another"' };
    expect(await ask(host, '/media/images/7', { headers: changed })).toMatchObject({
      status: 200,
      body: 'abcdefghij',
    });
  });

  test.each([
    '/media/images/8',
    '/media/images/0',
    '/media/images/7/..',
    '/media/images/../images/7x',
    '/media/images/07',
    '/media/images/-7',
    '/media/secrets/7',
    '/media/thumbnails/7',
    '/media/images/%37',
  ])('are not found at %s', async (address) => {
    const { host, cookie } = await openHost();
    expect((await ask(host, address, { headers: { cookie } })).status).toBe(404);
  });
});

describe('its uploads', () => {
  const uploadId = '0f9d2a5e-upload';

  test('come to lie under their own paths, whole', async () => {
    const { host, cookie, origin, folder } = await openHost();
    const put = { method: 'PUT', headers: { cookie, origin }, body: 'pixels' };
    const { status } = await ask(host, uploadPath(uploadId, 'cats & dogs/日本 100%.png'), put);
    expect(status).toBe(204);
    const target = path.join(folder, 'uploads', uploadId, 'cats & dogs');
    expect(readdirSync(target)).toEqual(['日本 100%.png']);
    expect(readFileSync(path.join(target, '日本 100%.png'), 'utf8')).toBe('pixels');
  });

  test.each([
    `/uploads/${uploadId}/../../escaped.png`,
    `/uploads/${uploadId}/%2e%2e/%2e%2e/escaped.png`,
    `/uploads/${uploadId}/..%2f..%2fescaped.png`,
    `/uploads/${uploadId}/..%5cescaped.png`,
    `/uploads/${uploadId}/c:escaped.png`,
    `/uploads/${uploadId}/`,
    `/uploads/${uploadId}`,
    `/uploads/../escaped.png`,
    `/uploads/short/escaped.png`,
    `/elsewhere/${uploadId}/escaped.png`,
  ])('are refused at %s', async (address) => {
    const { host, cookie, origin, folder } = await openHost();
    const { status } = await ask(host, address, { method: 'PUT', headers: { cookie, origin }, body: 'x' });
    expect(status).toBe(400);
    expect(existsSync(path.join(folder, 'escaped.png'))).toBe(false);
    expect(existsSync(path.join(folder, 'uploads'))).toBe(false);
  });

  test('that are too large leave nothing behind, whether they say so or not', async () => {
    const { host, cookie, origin, folder } = await openHost();
    const headers = { cookie, origin };
    const body = 'x'.repeat(1001);
    const said = await ask(host, uploadPath(uploadId, 'a.png'), { method: 'PUT', headers, body });
    expect(said.status).toBe(413);
    const unsaid = await ask(host, uploadPath(uploadId, 'b.png'), {
      method: 'PUT',
      headers: { ...headers, 'transfer-encoding': 'chunked' },
      body,
    });
    expect(unsaid.status).toBe(413);
    const target = path.join(folder, 'uploads', uploadId);
    expect(existsSync(target) ? readdirSync(target) : []).toEqual([]);
  });

  test('that break off leave nothing behind', async () => {
    const { host, cookie, origin, folder } = await openHost();
    const target = path.join(folder, 'uploads', uploadId);
    const sending = request({
      host: '127.0.0.1',
      port: host.port,
      path: uploadPath(uploadId, 'a.png'),
      method: 'PUT',
      headers: { cookie, origin, 'content-length': '100' },
    });
    sending.on('error', () => undefined);
    sending.write('half');
    await expect.poll(() => existsSync(target) && readdirSync(target).length).toBe(1);
    sending.destroy();
    await expect.poll(() => readdirSync(target)).toEqual([]);
  });
});

describe('its socket', () => {
  const outcome = (socket: WebSocket) =>
    new Promise<string>((resolve) => {
      socket.on('message', (data: Buffer) => {
        resolve(data.toString());
      });
      socket.on('error', (error) => {
        resolve(error.message);
      });
    });

  test('greets the page', async () => {
    const { host, cookie, origin } = await openHost();
    const socket = new WebSocket(`ws://127.0.0.1:${host.port}/socket`, { headers: { cookie, origin } });
    expect(JSON.parse(await outcome(socket))).toMatchObject({ type: 'hello', version: '1.0.0' });
  });

  test.each([
    ['without a cookie', '/socket', false, 'own', 401],
    ['from another page', '/socket', true, 'https://evil.example', 403],
    ['from nowhere', '/socket', true, null, 403],
    ['at another path', '/', true, 'own', 404],
    ['at no path', '//', true, 'own', 400],
  ])('is refused %s', async (_, address, hasCookie, from, status) => {
    const { host, cookie, origin } = await openHost();
    const headers = {
      ...(hasCookie ? { cookie } : {}),
      ...(from === null ? {} : { origin: from === 'own' ? origin : from }),
    };
    const socket = new WebSocket(`ws://127.0.0.1:${host.port}${address}`, { headers });
    expect(await outcome(socket)).toBe(`Unexpected server response: ${status}`);
  });
});

test('a port that is taken is a failure that says what to do', async () => {
  const { host } = await openHost();
  const again = startWebHost({
    studio: Promise.reject(new Error('not asked')),
    pageFolder: pageFolder(),
    port: host.port,
  });
  await expect(again).rejects.toMatchObject({
    code: 'port-taken',
    hint: expect.stringContaining('--port') as string,
  });
});
