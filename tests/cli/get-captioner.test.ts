import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { Engine } from '../../electron/engine/engine.ts';
import { Failure } from '../../native/failure.ts';
import { give, serve } from '../downloads/file-server.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { screenfold } from './typed.ts';

/** Opens each model but those whose graph says that it is damaged. */
const opener: Engine = {
  run: (job) => {
    const model = job.kind === 'caption' ? job.model : '';
    const graph = readFileSync(join(model, 'model.onnx'), 'utf8');
    if (graph.startsWith('damaged'))
      throw new Failure('graph-refused', 'The graph is damaged.', 'Get it again.');
    return Promise.resolve(null as never);
  },
};

type Files = Readonly<Record<string, string>>;

const named = (name: string): Files => ({
  'selected_tags.csv': `tags of ${name}`,
  'model.onnx': `graph of ${name}`,
});

/** Serves models, each below the name of who has it: `/A/model/`; `null` is a file it will not give. */
async function ownersOf(owners: Record<string, Readonly<Record<string, string | null>>>) {
  return serve((request, response) => {
    const way = (request.url ?? '').split('/');
    const content = owners[way[1] ?? '']?.[basename(request.url ?? '')];
    if (content === undefined) response.writeHead(404).end();
    else if (content === null && request.headers.range !== 'bytes=0-0') response.writeHead(403).end();
    else if (request.headers.range === 'bytes=0-0')
      response.writeHead(206, { 'content-range': `bytes 0-0/${(content ?? 'graph of B').length}` }).end('g');
    else give(Buffer.from(content ?? ''), request, response);
  });
}

const type = (folder: string, ...typed: readonly string[]) =>
  screenfold(folder, ['get', '--captioner', ...typed], opener);

const filesIn = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

describe('two captioning models of one name', () => {
  test('are never mixed, whether the first came in part or whole', async () => {
    const owners: Record<string, Record<string, string | null>> = {
      A: named('A'),
      B: { ...named('B'), 'model.onnx': null },
    };
    const { origin } = await ownersOf(owners);
    const folder = temporaryFolder();
    const place = join(folder, 'captioners', 'model');
    const part = await type(folder, `${origin}/B/model`);
    expect([part.code, part.error]).toEqual([1, expect.stringMatching(/^model\.onnx: 127/)]);
    const other = await type(folder, `${origin}/A/model`);
    expect([other.code, other.error]).toEqual([
      1,
      expect.stringMatching(/did not come from this address[^]*--out captioners[/\\]A-model/),
    ]);
    expect(filesIn(place)).toEqual({ 'selected_tags.csv': 'tags of B', 'model.onnx.part': '' });
    expect((await type(folder, `${origin}/A/model`, '--out', 'captioners/A-model')).code).toBe(0);
    expect(filesIn(join(folder, 'captioners', 'A-model'))).toEqual(named('A'));

    owners.B = named('B');
    expect((await type(folder, `${origin}/B/model`)).code).toBe(0);
    expect(filesIn(place)).toEqual(named('B'));
    expect((await type(folder, `${origin}/B/model`)).out).toContain('It is there already');
    expect((await type(folder, `${origin}/A/model`)).code).toBe(1);
    expect(readdirSync(join(folder, 'captioners')).sort()).toEqual(['A-model', 'model']);
  });

  test('nor does one come into a folder of a person’s own', async () => {
    const { origin } = await ownersOf({ A: named('A') });
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'mine'));
    writeFileSync(join(folder, 'mine', 'selected_tags.csv'), 'my tags');
    const { code, error } = await type(folder, `${origin}/A/model`, '--out', 'mine');
    expect([code, error]).toEqual([1, expect.stringContaining('Choose an empty folder')]);
    expect(filesIn(join(folder, 'mine'))).toEqual({ 'selected_tags.csv': 'my tags' });
  });
});

describe('a captioning model that broke off', () => {
  test.each([
    [401, 'only to people with an access token'],
    [404, 'has no such file'],
    [418, 'answered with status 418'],
  ])('by status %i says of which file', async (status, said) => {
    const { origin } = await serve((request, response) => {
      const content = named('A')[basename(request.url ?? '')];
      const isAsked = request.headers.range === undefined && request.url?.endsWith('.onnx') === true;
      if (isAsked || content === undefined) response.writeHead(isAsked ? status : 404).end();
      else give(Buffer.from(content), request, response);
    });
    const { error } = await type(temporaryFolder(), `${origin}/A/model`);
    expect(error).toMatch(new RegExp(`^model\\.onnx: 127.* ${said}`));
  });

  test('comes from another mirror, without what has come whole already', async () => {
    const files = { ...named('B'), 'model.onnx': null };
    const first = await ownersOf({ SmilingWolf: files });
    const second = await ownersOf({ SmilingWolf: named('B') });
    const folder = temporaryFolder();
    expect((await type(folder, 'wd-vit-tagger-v3', '--mirror', first.origin)).code).toBe(1);
    const { code, error } = await type(folder, 'wd-vit-tagger-v3', '--mirror', second.origin);
    expect([code, error]).toEqual([0, '']);
    expect(filesIn(join(folder, 'captioners', 'wd-vit-tagger-v3'))).toEqual(named('B'));
    const fetched = second.asked.filter(({ headers }) => headers.range === undefined);
    expect(fetched.map(({ path }) => basename(path))).toEqual(['model.onnx']);
  });

  test('comes anew where the other mirror has other files', async () => {
    const first = await ownersOf({ SmilingWolf: { ...named('an older one'), 'model.onnx': null } });
    const second = await ownersOf({ SmilingWolf: named('B') });
    const folder = temporaryFolder();
    await type(folder, 'wd-vit-tagger-v3', '--mirror', first.origin);
    expect((await type(folder, 'wd-vit-tagger-v3', '--mirror', second.origin)).code).toBe(0);
    expect(filesIn(join(folder, 'captioners', 'wd-vit-tagger-v3'))).toEqual(named('B'));
  });
});

describe('a captioning model that does not open', () => {
  test('is removed, which is said, and comes anew by the same command', async () => {
    const owners: Record<string, Files> = { A: { ...named('A'), 'model.onnx': 'damaged' } };
    const { origin } = await ownersOf(owners);
    const folder = temporaryFolder();
    const place = join(folder, 'captioners', 'model');
    const first = await type(folder, `${origin}/A/model`);
    expect([first.code, first.error]).toEqual([1, expect.stringMatching(/is damaged[^]*was removed/)]);
    expect(readdirSync(join(folder, 'captioners'))).toEqual([]);
    owners.A = named('A');
    expect((await type(folder, `${origin}/A/model`)).code).toBe(0);
    expect(filesIn(place)).toEqual(named('A'));
  });

  test('stays where somebody changed it since', async () => {
    const { origin } = await ownersOf({ A: named('A') });
    const folder = temporaryFolder();
    const place = join(folder, 'captioners', 'model');
    await type(folder, `${origin}/A/model`);
    writeFileSync(join(place, 'model.onnx'), 'damaged by hand');
    const { code, error } = await type(folder, `${origin}/A/model`);
    expect([code, error]).toEqual([1, expect.stringMatching(/is damaged[^]*were changed/)]);
    expect(existsSync(join(place, 'model.onnx'))).toBe(true);
  });
});
