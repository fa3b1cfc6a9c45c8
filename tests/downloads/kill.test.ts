import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { temporaryFolder } from '../runs/temporary-folder.ts';
import { serve, sha256, someBytes } from './file-server.ts';

const script = fileURLToPath(new URL('fetch-one.ts', import.meta.url));
const content = someBytes(48 * 1024 * 1024);

/** The file at a pace at which one can be killed: a piece every few milliseconds. */
const slowServer = () =>
  serve((request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    const headers = { etag: '"one"', 'content-length': content.length - from };
    if (from > 0) response.writeHead(206, { ...headers, 'content-range': range });
    else response.writeHead(200, headers);
    void (async () => {
      for (let at = from; at < content.length && !response.destroyed; at += 1 << 20) {
        response.write(content.subarray(at, at + (1 << 20)));
        await wait(12);
      }
      response.end();
    })();
  });

test.each([
  ['whose sum is known', true],
  ['of which only the tag is known', false],
])(
  'a download %s that is killed at 20 random moments ends with the right bytes',
  async (_, isKnown) => {
    const server = await slowServer();
    const file = join(temporaryFolder(), 'model.safetensors');
    const start = () =>
      spawn(process.execPath, [script, server.address.href, file, isKnown ? sha256(content) : '-'], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
    const expectRight = () => {
      expect(sha256(readFileSync(file))).toBe(sha256(content));
    };
    for (let kills = 0; kills < 20;) {
      const child = start();
      const ended = once(child, 'close');
      await Promise.race([wait(200 + Math.random() * 500), ended]);
      const isKilled = child.exitCode === null && child.kill('SIGKILL');
      await ended;
      if (isKilled) kills += 1;
      // Where there is a file, it is whole; one that came before its time is fetched again, to be killed.
      if (!existsSync(file)) continue;
      expectRight();
      rmSync(file);
    }
    const last = start();
    expect(await once(last, 'close')).toEqual([0, null]);
    expectRight();
  },
  120_000,
);
