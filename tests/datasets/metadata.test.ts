import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { type Dataset, readDataset } from '../../electron/datasets/dataset.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { fill } from './folder.ts';

const temporary = temporaryFolder();
let count = 0;

async function read(files: Readonly<Record<string, string | null>>): Promise<Dataset> {
  const pictures = Object.fromEntries(['a.png', 'b.png', 'c.png'].map((name) => [name, null]));
  return await readDataset(await fill(join(temporary.path, `set ${++count}`), { ...pictures, ...files }));
}

function captions({ images }: Dataset): readonly (string | undefined)[] {
  return images.map(({ candidates }) => candidates[0]?.texts[0]);
}

function problems({ problems: found }: Dataset): readonly string[] {
  return found.map(({ failure }) => failure.message.replace(/^.*\/(?=[^/]*( |:))/, ''));
}

const lines = (...rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n');

describe('tables and JSON of many tools', () => {
  test.each([
    ['metadata1000.jsonl', lines({ image: 'a.png', prompt: 'one' }, { image: 'b.png', prompt: 'two' })],
    ['data.jsonl', lines({ path: './a.png', description: 'one' }, { path: './b.png', description: 'two' })],
    ['x.ndjson', lines({ name: 'a', caption: 'one' }, { name: 'b', caption: 'two' })],
    ['x.jsonl', lines({ id: 'a', text: 'one' }, { id: 'b', text: 'two' })],
    [
      'list.json',
      JSON.stringify([
        { File_Name: 'a.png', text: 'one' },
        { File_Name: 'b.png', text: 'two' },
      ]),
    ],
    ['captions.csv', 'image,caption\na.png,one\nb.png,two\n'],
    ['captions.tsv', 'filename\tcaption\na.png\tone\nb.png\ttwo\n'],
    ['metadata.json', '{"a.png": "one", "b": "two"}'],
    ['anything.json', '{"a": {"caption": "one"}, "b": "two", "model": 3}'],
    ['anything.json', '{"a": ["one", "another"], "b": ["two"], "c": null}'],
  ])('%s', async (name, text) => {
    const dataset = await read({ [name]: text });
    expect(captions(dataset)).toEqual(['one', 'two', undefined]);
    expect(problems(dataset)).toEqual([]);
  });

  test('of one image lie beside it, under its name with or without extension, and count most', async () => {
    const dataset = await read({
      'a.json': '{"caption": "one", "artist": "x", "nested": {"y": 1}, "tags": ["p", "q"]}',
      'b.png.json': '{"tags": ["1girl", "long hair"]}',
      'c.json': '{"id": 7, "tag_string_general": "1girl ^_^ long_hair"}',
      'metadata.csv': 'file_name,text,artist\na.png,of the table,z\n',
    });
    expect(captions(dataset)).toEqual(['one', '1girl, long hair', '1girl, ^_^, long hair']);
    expect(dataset.images[0]?.metadata).toMatchObject({
      artist: 'x',
      tags: ['p', 'q'],
      text: 'of the table',
    });
    expect(problems(dataset)).toEqual([]);
  });

  test('JSON about something else is left out, and told', async () => {
    const dataset = await read({
      'config.json': '{"learning_rate": "high", "steps": 3}',
      'x.json': '[1, 2]',
    });
    expect(captions(dataset)).toEqual([undefined, undefined, undefined]);
    expect(problems(dataset)).toEqual([]);
    expect(dataset.leftOut.map(({ files }) => files)).toEqual([['config.json', 'x.json']]);
  });

  test('captions of which none is of an image are told, by their names', async () => {
    const dataset = await read({ 'captions.json': '{"x.png": "one", "y.png": "two"}' });
    expect(problems(dataset)).toEqual([
      'captions.json describes 2 images that are not in the folder: x.png, y.png',
    ]);
  });

  test('rows of images that differ in letter case alone keep to their own', async () => {
    const dataset = await read({
      'A.png': null,
      'metadata.csv': 'file_name,text\nA.png,large\na.png,small\nB.PNG,other case\nb.png,exact\n',
    });
    expect(captions(dataset)).toEqual(['large', 'small', 'exact', undefined]);
    expect(problems(dataset)).toEqual(['metadata.csv describes an image that is not in the folder: B.PNG']);
  });

  test('captions of several lines are one', async () => {
    const dataset = await read({ 'metadata.jsonl': lines({ file_name: 'a.png', text: 'one\n\n two' }) });
    expect(captions(dataset)[0]).toBe('one two');
  });
});

describe('a table whose quotes do not match', () => {
  test.each([
    ['a quote within a value', 'a.png,a 5" pipe\nb.png,two\n', ['a 5" pipe', 'two'], 'line 2 (a.png)'],
    [
      'a quoted word at the beginning',
      'a.png,"Big" fox\nb.png,two\n',
      ['"Big" fox', 'two'],
      'line 2 (a.png)',
    ],
    ['a quote that is not closed', 'a.png,"one\nb.png,two\n', ['"one', 'two'], 'line 2 (a.png)'],
    [
      'one that a later row would close',
      'a.png,"one\nb.png,two\nc.png,"x, y"\n',
      ['"one', 'two', 'x, y'],
      'line 2',
    ],
    ['two in a row of rows', 'a.png,5" one\nb.png,6" two\n', ['5" one', '6" two'], 'line 3 (b.png)'],
    [
      'and a value over several lines',
      'a.png,"one\nmore"\nb.png,6" two\n',
      ['one more', '6" two'],
      'line 4 (b.png)',
    ],
  ])('%s', async (_, rows, expected, words) => {
    const dataset = await read({ 'metadata.csv': `file_name,text\n${rows}` });
    expect(captions(dataset).slice(0, expected.length)).toEqual(expected);
    expect(problems(dataset).join()).toContain(words);
  });

  test('costs a row with too many values that row, and none with too few', async () => {
    const dataset = await read({
      'metadata.csv': 'file_name,text,style\na.png,one\nb.png,two,x,y\nc.png,three,z\n',
    });
    expect(captions(dataset)).toEqual(['one', undefined, 'three']);
    expect(problems(dataset)[0]).toContain('line 3 has more values');
  });

  test('is read in time that grows with its length', async () => {
    const rows = Array.from({ length: 20_000 }, (_, at) => `x${at}.png,a ${at}" pipe`);
    const started = performance.now();
    const dataset = await read({ 'metadata.csv': `file_name,text\na.png,one\n${rows.join('\n')}\n"` });
    expect(captions(dataset)[0]).toBe('one');
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});

test("Danbooru's faces keep their underscores, in all kinds of tags", async () => {
  const dataset = await read({
    'posts.jsonl': lines(
      { id: 'a', tag_string: '1girl ^_^ long_hair >_<' },
      { id: 'b', tag_string_general: '@_@ o_o red_eyes', tag_string_character: 'some_one' },
    ),
  });
  expect(captions(dataset).slice(0, 2)).toEqual([
    '1girl, ^_^, long hair, >_<',
    'some one, @_@, o_o, red eyes',
  ]);
});
