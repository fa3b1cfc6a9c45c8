/** Two thousand connections that are idle, slow or reset, while a page goes on asking. Linux, for the limit on files. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { asked, figure } from './figures.ts';
import { codeOf, type Served, serveLibrary, sleep } from './served.ts';

const upgrade =
  'GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

function connect(port: number): Socket {
  return createConnection(port, '127.0.0.1').on('error', () => undefined);
}

/** Opens them, a hundred at a time; a third says nothing, a third a byte now and then, a third asks and resets. */
async function besiege(port: number, count: number): Promise<{ readonly end: () => void }> {
  const sockets: Socket[] = [];
  const slow: Socket[] = [];
  for (let at = 0; at < count; at++) {
    const socket = connect(port);
    if (at % 3 === 2) {
      socket.write(upgrade);
      setTimeout(() => socket.resetAndDestroy(), Math.random() * 60);
    } else {
      sockets.push(socket);
      if (at % 3 === 1) slow.push(socket);
    }
    if (at % 100 === 99) await sleep(10);
  }
  const request = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ';
  let byte = 0;
  const dripping = setInterval(() => {
    for (const socket of slow) if (!socket.destroyed) socket.write(request[byte] ?? 'x');
    byte += 1;
  }, 200);
  return {
    end: () => {
      clearInterval(dripping);
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The slowest answer of so many, in milliseconds. */
async function slowest({ client }: Served, questions: number): Promise<number> {
  let longest = 0;
  for (let at = 0; at < questions; at++) {
    const began = performance.now();
    await client.call('datasets.list', {});
    longest = Math.max(longest, performance.now() - began);
    await sleep(50);
  }
  return longest;
}

const { count } = asked(2000);
const folder = mkdtempSync(join(tmpdir(), 'screenfold-connections-'));
const faults: string[] = [];
const hold = (what: string, is: boolean, saw: unknown = '') => {
  if (!is) faults.push(`${what}: ${String(saw)}`);
};
try {
  const served = await serveLibrary(join(folder, 'a'));
  const before = await slowest(served, 20);
  const siege = await besiege(served.port, count);
  const during = await slowest(served, 60);
  siege.end();
  await sleep(500);
  const after = await slowest(served, 20);
  hold('the page is answered within two seconds', during < 2000, during);
  hold('it lives', served.alive(), served.said());
  await served.kill();

  // The same where the system lets it open far fewer files than that.
  let scarce = 'left out';
  if (existsSync('/usr/bin/prlimit')) {
    const poor = await serveLibrary(join(folder, 'b'), { before: ['/usr/bin/prlimit', '--nofile=256:256'] });
    await poor.client.call('datasets.list', {});
    const second = await besiege(poor.port, count);
    await sleep(1000);
    // An engine cannot be started then, and that is an answer.
    const code = await codeOf(poor.client.call('models.add', { path: folder }));
    hold('the page is answered with no file left to open', code !== 'done', code);
    second.end();
    await sleep(1000);
    hold('a new connection is taken then', (await fetch(`http://127.0.0.1:${poor.port}/`)).status === 401);
    hold('it lives', poor.alive(), poor.said());
    await poor.kill();
    scarce = code;
  }
  figure(
    'connections',
    {
      connections: count,
      'slowest answer before (ms)': Math.round(before),
      during: Math.round(during),
      after: Math.round(after),
      'with 256 files': scarce,
    },
    faults.length,
  );
} finally {
  for (const fault of faults) console.error(fault);
  rmSync(folder, { recursive: true, force: true });
}
