import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { startWebHost, type WebHost } from '../../electron/hosts/web.ts';
import { pageFolder } from '../studio/transports.ts';

let host: WebHost;
beforeAll(async () => {
  const studio = {
    version: '0',
    uploads: tmpdir(),
    media: () => Promise.resolve(null),
    dispatch: () => Promise.reject(new Error('nobody asks')),
    subscribe: () => () => undefined,
  };
  host = await startWebHost({ studio: Promise.resolve(studio), pageFolder: pageFolder(), port: 0 });
});
afterAll(() => host.close());

async function connected(): Promise<Socket> {
  const socket = createConnection(host.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

const upgrade = [
  'GET /socket HTTP/1.1',
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
].join('\r\n');

async function answers(): Promise<number> {
  const { status } = await fetch(`http://127.0.0.1:${host.port}/`);
  return status;
}

test.each([
  ['asks for a socket without the token', `${upgrade}\r\n\r\n`],
  ['asks for one as another page', `${upgrade}\r\nOrigin: http://evil.example\r\n\r\n`],
  ['asks for one that is no WebSocket', `${upgrade.replace('websocket', 'h2c')}\r\n\r\n`],
  ['sends what is no HTTP', '\0\0\0\0\r\n\r\n'],
  ['sends half a request', 'GET / HTTP/1.1\r\nHost: 127'],
  ['sends a body nobody wants', 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\nabc'],
])('whoever %s and resets the connection ends nothing', async (_what, text) => {
  // Before the refusal, on its way, and after it.
  for (let round = 0; round < 30; round++) {
    const socket = await connected();
    socket.write(text);
    const refused = new Promise((resolve) => socket.once('data', resolve));
    if (round % 3 > 0) await Promise.race([round % 3 === 1 ? sleep(1) : refused, sleep(30)]);
    socket.resetAndDestroy();
  }
  await sleep(50);
  expect(await answers()).toBe(401);
});

test('a refused socket is closed by the host, whether or not the other side closes its own', async () => {
  const socket = createConnection({ port: host.port, host: '127.0.0.1', allowHalfOpen: true });
  let said = '';
  socket.setEncoding('utf8').on('data', (text: string) => (said += text));
  socket.write(`${upgrade}\r\n\r\n`);
  await new Promise((resolve) => socket.once('end', resolve));
  expect(said).toMatch(/^HTTP\/1\.1 403 /);
  // What is still written to it meets a socket that is gone.
  const gone = new Promise((resolve) => socket.once('error', resolve));
  const writing = setInterval(() => socket.write('x'), 5);
  await gone;
  clearInterval(writing);
});

test('a page left open over a restart is let in again, where the same session is kept', async () => {
  const open = async (session: string, port: number) => {
    const studio = Promise.reject(new Error('not asked'));
    return startWebHost({ studio, pageFolder: pageFolder(), port, session });
  };
  const first = await open('a'.repeat(32), 0);
  const { headers } = await fetch(first.address, {
    redirect: 'manual',
    headers: { connection: 'close' },
  });
  const cookie = headers.get('set-cookie')!.split(';')[0]!;
  const asks = async (port: number) =>
    (await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie, connection: 'close' } })).status;
  const { port } = first;
  expect(await asks(port)).toBe(200);
  await first.close();
  const again = await open('a'.repeat(32), port);
  expect(await asks(port)).toBe(200);
  await again.close();
  const another = await open('b'.repeat(32), port);
  expect(await asks(port)).toBe(401);
  await another.close();
});
