import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { listening, startWebHost, type WebHost } from '../../electron/hosts/web.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { pageFolder, signedIn } from '../studio/transports.ts';

let host: WebHost;
let folder: string;
let uploads: string;
let headers: Readonly<Record<string, string>>;
beforeEach(async () => {
  folder = temporaryFolder();
  uploads = join(folder, 'uploads');
  mkdirSync(join(uploads, 'upload-1'), { recursive: true });
  const studio = {
    ...{ version: '0', uploads, media: () => Promise.resolve(null), subscribe: () => () => undefined },
    dispatch: () => Promise.reject(new Error('nobody asks')),
  };
  host = await startWebHost({ studio: Promise.resolve(studio), pageFolder: pageFolder(), port: 0 });
  headers = await signedIn(host.address);
});
afterEach(() => host.close());

async function put(path: string, body: string): Promise<{ readonly status: number; readonly text: string }> {
  const address = `http://127.0.0.1:${host.port}/uploads/upload-1/${path}`;
  const response = await fetch(address, { method: 'PUT', headers, body });
  return { status: response.status, text: await response.text() };
}

test('a file comes to lie where it is meant to, and nothing is left beside it', async () => {
  expect((await put('sub/deep/%E7%8B%90.png', 'fox')).status).toBe(204);
  expect(readFileSync(join(uploads, 'upload-1', 'sub', 'deep', '狐.png'), 'utf8')).toBe('fox');
  expect(readdirSync(join(uploads, 'upload-1', 'sub', 'deep'))).toEqual(['狐.png']);
  const longest = 'n'.repeat(251);
  expect((await put(`${longest}.png`, 'long')).status).toBe(204);
  expect(existsSync(join(uploads, 'upload-1', `${longest}.png`))).toBe(true);
});

test.skipIf(process.platform === 'win32')('links lead nowhere', async () => {
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'mine.txt'), 'mine');
  symlinkSync(elsewhere, join(uploads, 'upload-1', 'link'));
  symlinkSync(join(elsewhere, 'mine.txt'), join(uploads, 'upload-1', 'mine.txt'));
  expect(await put('link/evil.png', 'x')).toMatchObject({
    status: 409,
    text: expect.stringContaining('is no folder') as string,
  });
  expect((await put('link/new/evil.png', 'x')).status).toBe(409);
  expect(readdirSync(elsewhere)).toEqual(['mine.txt']);
  // A link in the place of the file itself gives way to what was sent.
  expect((await put('mine.txt', 'theirs')).status).toBe(204);
  expect(readFileSync(join(elsewhere, 'mine.txt'), 'utf8')).toBe('mine');
});

test('a name that is too long, and a full disk, are said in words', async () => {
  expect(await put(`${'n'.repeat(300)}.png`, 'x')).toMatchObject({
    status: 409,
    text: 'The name is longer than the disk takes. Choose a shorter one.\n',
  });
});

test('an upload may take as long as it needs while bytes come', async () => {
  // Five minutes is what node gives a request otherwise.
  expect(listening.requestTimeout).toBe(0);
  const path = '/uploads/upload-1/slow.png';
  const sent = request({ host: '127.0.0.1', port: host.port, path, method: 'PUT', headers });
  const answered = new Promise<number | undefined>((resolve, reject) => {
    sent.on('response', ({ statusCode }) => {
      resolve(statusCode);
    });
    sent.on('error', reject);
  });
  for (let at = 0; at < 10; at++) {
    sent.write('x');
    await sleep(30);
  }
  sent.end();
  expect(await answered).toBe(204);
});
