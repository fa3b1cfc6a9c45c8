import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { tinyTagger } from '../captioning/fixtures.ts';
import { give, serve, sha256, someModel } from '../downloads/file-server.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { screenfold } from './typed.ts';

const content = someModel(300_000);

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

  test('offers captioning models, too', async () => {
    const { out } = await screenfold(temporaryFolder(), ['get']);
    expect(out).toMatch(/wd-vit-tagger-v3 +WD ViT tagger v3, about 379 MB, Apache 2.0, SmilingWolf/);
    expect(out).toMatch(/blip-image-captioning-base +BLIP base, about 991 MB, BSD 3-Clause/);
  });

  test('brings a captioning model of several files, goes on where it broke off, and opens it', async () => {
    const folder = temporaryFolder();
    let isThere = false;
    const server = await serve((request, response) => {
      const name = basename(request.url ?? '');
      if (name === 'model.onnx' && !isThere && request.headers.range !== 'bytes=0-0')
        response.writeHead(404).end();
      else if (existsSync(join(tinyTagger, name)))
        give(readFileSync(join(tinyTagger, name)), request, response);
      else response.writeHead(404).end();
    });
    const typed = ['get', 'wd-vit-tagger-v3', '--mirror', server.origin];
    const first = await screenfold(folder, typed);
    expect([first.code, first.error]).toEqual([1, expect.stringContaining('has no such file')]);
    const place = join(folder, 'captioners', 'wd-vit-tagger-v3');
    expect(existsSync(join(place, 'selected_tags.csv'))).toBe(true);
    isThere = true;
    const second = await screenfold(folder, typed);
    expect([second.code, second.error]).toEqual([0, '']);
    expect(second.out).toContain(`Caption with it: screenfold caption ${place} <your images>`);
    expect(readFileSync(join(place, 'model.onnx'))).toEqual(readFileSync(join(tinyTagger, 'model.onnx')));
    expect(readdirSync(join(folder, 'captioners'))).toEqual(['wd-vit-tagger-v3']);
    expect(
      server.asked.filter(({ path, headers }) => path.endsWith('.csv') && headers.range === undefined),
    ).toHaveLength(1);

    writeFileSync(join(place, 'selected_tags.csv'), 'name\n');
    const broken = await screenfold(folder, typed);
    expect([broken.code, broken.error]).toEqual([1, expect.stringContaining('it names no tag')]);
  });

  test('brings a captioning model by the address of its folder', async () => {
    const folder = temporaryFolder();
    const server = await serve((request, response) => {
      const name = basename(request.url ?? '');
      if (existsSync(join(tinyTagger, name))) give(readFileSync(join(tinyTagger, name)), request, response);
      else response.writeHead(404).end();
    });
    const address = `${server.origin}/mine/model.onnx`;
    const { code, out } = await screenfold(folder, ['get', address, '--captioner', '--json']);
    expect(code).toBe(0);
    const { folder: place } = JSON.parse(out.trim().split('\n').at(-1)!) as { folder: string };
    expect(place).toBe(join(folder, 'captioners', 'mine'));
    expect(readdirSync(place).sort()).toEqual(['model.onnx', 'selected_tags.csv']);
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

  const page = Buffer.from('<!doctype html><html>login</html>');
  test.each([
    ['a web page without a type', 'a.safetensors', page, 'it is a web page'],
    ['a web page in place of a checkpoint', 'a.ckpt', page, 'it is a web page'],
    ['an empty file', 'a.ckpt', Buffer.alloc(0), 'it is empty'],
    ['one that broke off without a length', 'a.safetensors', content.subarray(0, 200_000), 'it is cut short'],
    ['one whose header is rubbish', 'a.safetensors', Buffer.alloc(500, 7), 'not a valid .safetensors'],
  ])('takes %s for no base, and keeps nothing of it', async (_, name, bytes, said) => {
    const folder = temporaryFolder();
    const server = await serve((_request, response) => {
      // Without a length, its end cannot be told from a connection that broke.
      response.writeHead(200, { connection: 'close' }).write(bytes.subarray(0, 10));
      response.end(bytes.subarray(10));
    });
    const { code, out, error } = await screenfold(folder, ['get', `${server.origin}/${name}`]);
    expect([code, error]).toEqual([1, expect.stringContaining(said)]);
    expect(out).not.toContain('Train from it');
    expect(readdirSync(join(folder, 'models'))).toEqual([]);
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
    [['get', 'sd-9'], 1, 'no model called sd-9'],
    [['get', 'https://host/a.ckpt', '--sha256', '12'], 2, '64 hexadecimal digits'],
    [['get', 'http://host/a.ckpt'], 1, 'not be secure'],
    [['get', 'http://127.0.0.1:1/a.ckpt', '--proxy', 'nowhere'], 1, 'is not an address'],
  ])('refuses %j', async (typed, code, said) => {
    const ended = await screenfold(temporaryFolder(), typed);
    expect([ended.code, ended.error]).toEqual([code, expect.stringContaining(said)]);
  });
});
