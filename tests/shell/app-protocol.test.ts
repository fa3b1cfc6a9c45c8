import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { answerAppRequest } from '../../electron/shell/app-protocol.ts';
import { resolveMedia } from '../../electron/studio/media.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';

function openProtocol() {
  const folder = temporaryFolder();
  const pageFolder = join(folder, 'page');
  mkdirSync(join(pageFolder, 'assets'), { recursive: true });
  writeFileSync(join(pageFolder, 'index.html'), '<!doctype html><html><head></head></html>');
  writeFileSync(join(pageFolder, 'assets', 'main.js'), 'run()');
  writeFileSync(join(folder, 'secret.js'), 'outside');
  writeFileSync(join(folder, 'picture.png'), 'pixels');
  const answer = answerAppRequest({
    pageFolder,
    media: (address) =>
      resolveMedia(address, {
        images: (id) =>
          Promise.resolve(id === 7 ? { file: join(folder, 'picture.png'), contentType: 'image/png' } : null),
      }),
  });
  return (url: string, method = 'GET') => answer({ url, method });
}

describe('the window’s scheme', () => {
  test('gives the page under the same policy as every host', async () => {
    const response = await openProtocol()('screenfold://app/');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self';/,
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toContain('<meta name="style-nonce"');
  });

  test('gives what the page is made of, and pictures by id', async () => {
    const ask = openProtocol();
    expect(await (await ask('screenfold://app/assets/main.js')).text()).toBe('run()');
    const picture = await ask('screenfold://app/media/images/7');
    expect(picture.headers.get('content-type')).toBe('image/png');
    expect(await picture.text()).toBe('pixels');
    const head = await ask('screenfold://app/media/images/7', 'HEAD');
    expect([head.headers.get('content-length'), await head.text()]).toEqual(['6', '']);
  });

  test.each([
    'screenfold://app/../secret.js',
    'screenfold://app/%2e%2e/secret.js',
    'screenfold://app/..%2fsecret.js',
    'screenfold://app/assets/..%5c..%5csecret.js',
    'screenfold://app/c:/secret.js',
    'screenfold://app/media/images/8',
    'screenfold://app/media/images/../../secret.js',
    'screenfold://app/media/..%2f..%2fsecret.js',
    'screenfold://app/socket',
  ])('has nothing at %s', async (url) => {
    expect((await openProtocol()(url)).status).toBe(404);
  });

  test('answers at its own address alone, and only to what asks for something', async () => {
    const ask = openProtocol();
    expect((await ask('screenfold://other/')).status).toBe(403);
    expect((await ask('screenfold://app/', 'POST')).status).toBe(405);
    expect((await ask('screenfold://app/uploads/12345678/x.png', 'PUT')).status).toBe(405);
  });
});
