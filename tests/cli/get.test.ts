import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { give, serve, sha256, someBytes } from '../downloads/file-server.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { screenfold } from './typed.ts';

const content = someBytes(300_000);

const orderly = () =>
  serve((request, response) => {
    give(content, request, response);
  });

describe('screenfold get', () => {
  test('shows what is offered', async () => {
    const { code, out } = await screenfold(temporaryFolder(), ['get']);
    expect(code).toBe(0);
    expect(out).toContain('sd-1.5    Stable Diffusion 1.5, 4.3 GB, CreativeML Open RAIL-M');
    expect(out).toContain('sdxl-1.0');
  });

  test('brings a file by its address into models/, and finds it there the next time', async () => {
    const folder = temporaryFolder();
    const server = await orderly();
    const typed = ['get', server.address.href, '--sha256', sha256(content).toUpperCase()];
    const { code, out, error } = await screenfold(folder, typed);
    expect([code, error]).toEqual([0, '']);
    const file = join(folder, 'models', 'model.safetensors');
    expect(readFileSync(file).equals(content)).toBe(true);
    expect(out).toContain(`${file}: 300 kB, SHA-256 ${sha256(content)}`);
    expect(out).toMatch(/Train from it: .*train --base /);
    expect((await screenfold(folder, typed)).out).toContain('It is there already');
  });

  test('shows a token to its host, and says what to do without one', async () => {
    const folder = temporaryFolder();
    const server = await serve((request, response) => {
      if (request.headers.authorization === 'Bearer hf_secret') give(content, request, response);
      else response.writeHead(401).end();
    });
    const without = await screenfold(folder, ['get', server.address.href]);
    expect([without.code, without.error]).toEqual([1, expect.stringContaining('access token')]);
    const typed = ['get', server.address.href, '--token', 'hf_secret', '--json', '--out', 'mine.safetensors'];
    const { code, out } = await screenfold(folder, typed);
    expect(code).toBe(0);
    expect(out).not.toContain('hf_secret');
    expect(JSON.parse(out.trim().split('\n').at(-1)!)).toEqual({ file: join(folder, 'mine.safetensors') });
  });

  test('wants a licence accepted, once, before it asks anybody for anything', async () => {
    const folder = temporaryFolder();
    const server = await orderly();
    const typed = ['get', 'sd-1.5', '--mirror', server.origin];
    const first = await screenfold(folder, typed);
    expect(first.code).toBe(1);
    expect(first.out).toContain('- You may use the model');
    expect(first.error).toContain('get sd-1.5 --accept-licence');
    expect(server.asked).toEqual([]);
    // The mirror has another file under that name, which is found out before it comes.
    const second = await screenfold(folder, [...typed, '--accept-licence']);
    expect(second.error).toContain('another file there: of 300 kB');
    expect(server.asked[0]?.path).toMatch(/v1-5-pruned-emaonly\.safetensors$/);
    expect((await screenfold(folder, typed)).error).toContain('another file there');
    expect(existsSync(join(folder, 'models', 'sd-1.5.safetensors'))).toBe(false);
  });

  test.each([
    [['get', 'sd-9'], 1, 'no base called sd-9'],
    [['get', 'https://host/a.ckpt', '--sha256', '12'], 2, '64 hexadecimal digits'],
    [['get', 'http://host/a.ckpt'], 1, 'not be secure'],
    [['get', 'http://127.0.0.1:1/a.ckpt', '--proxy', 'nowhere'], 1, 'is not an address'],
  ])('refuses %j', async (typed, code, said) => {
    const ended = await screenfold(temporaryFolder(), typed);
    expect([ended.code, ended.error]).toEqual([code, expect.stringContaining(said)]);
  });
});
