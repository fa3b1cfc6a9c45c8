import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';

import { type Dataset, readDataset } from '../../electron/datasets/dataset.ts';
import { noise, temporaryFolder } from '../images/pictures.ts';
import { fill, picture } from './folder.ts';

const temporary = temporaryFolder();
let count = 0;

async function folderWith(
  files: Readonly<Record<string, string | Uint8Array | null>>,
  name = `set ${++count}`,
): Promise<string> {
  return await fill(join(temporary.path, name), files);
}

function ids(dataset: Dataset): string[] {
  return dataset.images.map(({ id }) => id);
}

function problems(dataset: Dataset): [file: string, code: string][] {
  return dataset.problems.map(({ file, failure }) => [file, failure.code]);
}

function captionOf(dataset: Dataset, id: string): readonly string[] | undefined {
  return dataset.images.find((image) => image.id === id)?.candidates[0]?.texts;
}

describe('a folder of images', () => {
  test('is read with its subfolders, in order, without hidden files and litter', async () => {
    const folder = await folderWith({
      'b.png': null,
      'a.PNG': null,
      'sub/deep/c.png': null,
      '.hidden.png': null,
      '.git/d.png': null,
      '__MACOSX/e.png': null,
      'Thumbs.db': 'x',
      'notes.md': 'x',
    });
    const dataset = await readDataset(folder);
    expect(ids(dataset)).toEqual(['a.PNG', 'b.png', 'sub/deep/c.png']);
    expect(dataset.ignored).toBe(1);
    expect(dataset.images[0]).toMatchObject({ width: 12, height: 8, repeats: 1, candidates: [] });
    expect(dataset.images[2]?.metadata).toEqual({ file: 'c', folder: 'deep' });
  });

  test('may have 日本, ü and spaces in its name and in the names of its files', async () => {
    const folder = await folderWith({ '狐 ü.png': null, '狐 ü.txt': 'Füchse 狐' }, 'Meine Bilder 日本 ü');
    const dataset = await readDataset(folder);
    expect(ids(dataset)).toEqual(['狐 ü.png']);
    expect(captionOf(dataset, '狐 ü.png')).toEqual(['Füchse 狐']);
  });

  test('gives sizes as they are seen, after EXIF rotation', async () => {
    const turned = await sharp(await picture(1, 40, 20))
      .withMetadata({ orientation: 8 })
      .jpeg()
      .toBuffer();
    const dataset = await readDataset(await folderWith({ 'turned.jpg': turned }));
    expect(dataset.images[0]).toMatchObject({ width: 20, height: 40 });
  });

  test('is followed through links, in circles only once', async () => {
    const folder = await folderWith({ 'a/one.png': null });
    await symlink(folder, join(folder, 'a', 'again'), 'junction');
    expect(ids(await readDataset(folder))).toEqual(['a/one.png']);
  });

  test('tells how far it has come', async () => {
    const seen: number[] = [];
    const folder = await folderWith({ 'a.png': null, 'b.png': null, 'c.png': 'broken' });
    await readDataset(folder, { onProgress: (done, total) => seen.push(done / total) });
    expect(seen).toEqual([1 / 3, 2 / 3, 1]);
  });
});

describe('broken images', () => {
  test('are listed with their reason and left out', async () => {
    const whole = await noise(64, 64).jpeg().toBuffer();
    const dataset = await readDataset(
      await folderWith({
        'good.png': null,
        'cut.jpg': whole.subarray(0, whole.length / 2),
        'text.png': 'not an image',
        'empty.webp': '',
      }),
    );
    expect(ids(dataset)).toEqual(['good.png']);
    expect(problems(dataset)).toEqual([
      ['cut.jpg', 'image-unreadable'],
      ['empty.webp', 'image-unreadable'],
      ['text.png', 'image-unreadable'],
    ]);
    expect(dataset.problems[0]?.failure.message).toContain('cut.jpg');
  });

  test('pass a first look that reads headers only', async () => {
    const whole = await noise(64, 64).jpeg().toBuffer();
    const folder = await folderWith({ 'cut.jpg': whole.subarray(0, whole.length / 2) });
    expect(ids(await readDataset(folder, { verify: false }))).toEqual(['cut.jpg']);
  });
});

describe('a folder that cannot be a data set', () => {
  test('is refused when it is empty, holds no image, or only broken ones', async () => {
    const empty = join(temporary.path, 'empty');
    await mkdir(empty);
    await expect(readDataset(empty)).rejects.toMatchObject({
      code: 'dataset-empty',
      message: expect.stringContaining('is empty') as unknown,
      hint: expect.stringContaining('png') as unknown,
    });
    await expect(readDataset(await folderWith({ 'a.txt': 'fox' }))).rejects.toMatchObject({
      code: 'dataset-empty',
      message: expect.stringContaining('none is an image') as unknown,
    });
    await expect(readDataset(await folderWith({ 'a.png': 'x', 'b.png': 'y' }))).rejects.toMatchObject({
      code: 'dataset-empty',
      message: expect.stringContaining('None of the 2 images') as unknown,
    });
  });

  test('is refused when it is a file or is not there', async () => {
    const file = join(temporary.path, 'file.png');
    await writeFile(file, await picture());
    for (const path of [file, join(temporary.path, 'absent')]) {
      await expect(readDataset(path)).rejects.toMatchObject({
        code: 'dataset-missing',
        message: expect.stringContaining(path) as unknown,
      });
    }
  });
});

describe('caption files', () => {
  test('give all their lines as one; .caption beats .txt, with or without byte order mark', async () => {
    const dataset = await readDataset(
      await folderWith({
        'a.png': null,
        'a.txt': '\uFEFFa red fox\r\nsecond line\r\n',
        'b.png': null,
        'b.txt': 'worse',
        'b.caption': 'better',
        'c.png': null,
        'C.TXT': '',
        'd.png': null,
        'readme.txt': 'about this folder',
      }),
    );
    expect(dataset.images.map(({ candidates }) => candidates[0]?.texts)).toEqual([
      ['a red fox second line'],
      ['better'],
      [''],
      undefined,
    ]);
    // readme.txt and the caption that was beaten.
    expect(dataset.ignored).toBe(2);
  });

  test('in UTF-16 are named, with a way to convert them, and the image is kept', async () => {
    const dataset = await readDataset(
      await folderWith({
        'a.png': null,
        'a.txt': Buffer.from('\uFEFFein Fuchs', 'utf16le'),
        'b.png': null,
        'b.txt': Buffer.from('a fox', 'utf16le'),
        'c.png': null,
        'c.txt': Buffer.from('\uFEFFa fox', 'utf16le').swap16(),
      }),
    );
    expect(ids(dataset)).toEqual(['a.png', 'b.png', 'c.png']);
    expect(problems(dataset)).toEqual([
      ['a.txt', 'text-encoding'],
      ['b.txt', 'text-encoding'],
      ['c.txt', 'text-encoding'],
    ]);
    const [little, , big] = dataset.problems.map(({ failure }) => failure);
    expect(little?.message).toMatch(/a\.txt is encoded as UTF-16LE/);
    expect(little?.hint).toContain('iconv -f UTF-16LE -t UTF-8');
    expect(big?.message).toContain('UTF-16BE');
  });

  test('that are not UTF-8 are named, with the line', async () => {
    const dataset = await readDataset(
      await folderWith({ 'a.png': null, 'a.txt': Buffer.from('ok\nein sch\xf6ner Fuchs', 'latin1') }),
    );
    expect(problems(dataset)).toEqual([['a.txt', 'text-encoding']]);
    expect(dataset.problems[0]?.failure.message).toContain('line 2');
  });
});

describe('a Hugging Face image folder', () => {
  test('takes captions from text and fields from every other column of metadata.csv', async () => {
    const dataset = await readDataset(
      await folderWith({
        'train/0001.png': null,
        'train/0002.png': null,
        'metadata.csv':
          'file_name,text,name,score\ntrain/0001.png,"a fox, sitting",fox,7\ntrain/0002.png,,owl,\n',
      }),
    );
    expect(dataset.problems).toEqual([]);
    expect(captionOf(dataset, 'train/0001.png')).toEqual(['a fox, sitting']);
    expect(dataset.images.map(({ metadata }) => metadata)).toEqual([
      { file: '0001', folder: 'train', text: 'a fox, sitting', name: 'fox', score: '7' },
      { file: '0002', folder: 'train', name: 'owl' },
    ]);
  });

  test('reads semicolons, line breaks in quotes and a byte order mark, as spreadsheets write them', async () => {
    const dataset = await readDataset(
      await folderWith({
        'a.png': null,
        'metadata.csv': '\uFEFFfile_name;text;name\r\na.png;"eins\r\nzwei; drei";"Fuchs ""rot"""\r\n',
      }),
    );
    expect(dataset.images[0]?.metadata).toEqual({ file: 'a', text: 'eins\nzwei; drei', name: 'Fuchs "rot"' });
  });

  test('reads metadata.jsonl, with several captions an image', async () => {
    const rows = [
      { file_name: 'a.png', captions: ['a fox', 'fox, animal'], rating: 3, wild: true, none: null },
      { file_name: 'b.png', text: 'an owl' },
    ];
    const dataset = await readDataset(
      await folderWith({
        'a.png': null,
        'b.png': null,
        'metadata.jsonl': rows.map((row) => JSON.stringify(row)).join('\n'),
      }),
    );
    expect(captionOf(dataset, 'a.png')).toEqual(['a fox', 'fox, animal']);
    expect(captionOf(dataset, 'b.png')).toEqual(['an owl']);
    expect(dataset.images[0]?.metadata).toEqual({
      file: 'a',
      captions: ['a fox', 'fox, animal'],
      rating: '3',
      wild: 'true',
    });
  });

  test('finds a file whose name is written in the other Unicode form, in other case or with backslashes', async () => {
    const decomposed = 'fu\u0308chse.png';
    const dataset = await readDataset(
      await folderWith({
        [`sub/${decomposed}`]: null,
        'Owl.PNG': null,
        'metadata.csv': 'file_name,text\nsub\\f\u00fcchse.png,foxes\nowl.png,an owl\n',
      }),
    );
    expect(dataset.problems).toEqual([]);
    expect(captionOf(dataset, 'sub/f\u00fcchse.png')).toEqual(['foxes']);
    expect(captionOf(dataset, 'Owl.PNG')).toEqual(['an owl']);
  });

  test('reports rows about images that are not there, once a file', async () => {
    const dataset = await readDataset(
      await folderWith({ 'a.png': null, 'metadata.csv': 'file_name,text\na.png,x\nb.png,y\nsub/a.png,z\n' }),
    );
    expect(problems(dataset)).toEqual([['metadata.csv', 'metadata-without-image']]);
    expect(dataset.problems[0]?.failure.message).toContain(
      '2 images that are not in the folder: b.png, sub/a.png',
    );
    expect(captionOf(dataset, 'a.png')).toEqual(['x']);
  });

  test.each([
    ['no file_name', { 'metadata.csv': 'name,text\na.png,x\n' }, 'metadata-invalid', 'no column file_name'],
    ['a row too long', { 'metadata.csv': 'file_name,text\na.png,x,y\n' }, 'metadata-invalid', 'line 2'],
    ['an open quote', { 'metadata.csv': 'file_name,text\na.png,"x\n' }, 'metadata-invalid', 'Quote'],
    ['an empty file', { 'metadata.csv': '' }, 'metadata-invalid', 'no column file_name'],
    ['UTF-16', { 'metadata.csv': Buffer.from('file_name,text\n', 'utf16le') }, 'text-encoding', 'UTF-16LE'],
    ['half a JSON', { 'metadata.json': '{"a.png": {"caption"' }, 'metadata-invalid', 'cut short'],
    ['other JSON', { 'metadata.json': '{"version": 1}' }, 'metadata-invalid', 'neither a list'],
    ['no JSON lines', { 'metadata.jsonl': 'file_name,text\na.png,x\n' }, 'metadata-invalid', 'neither'],
  ])('with %s keeps its images and says what is wrong', async (_, files, code, words) => {
    const dataset = await readDataset(await folderWith({ 'a.png': null, ...files }));
    expect(ids(dataset)).toEqual(['a.png']);
    expect(problems(dataset)).toEqual([[Object.keys(files)[0], code]]);
    expect(dataset.problems[0]?.failure.message).toContain(words);
  });

  test('uses the good lines of a JSONL file and names the first bad one', async () => {
    const dataset = await readDataset(
      await folderWith({
        'a.png': null,
        'metadata.jsonl': '{"file_name": "a.png", "text": "x"}\n{"file_name": \n[]\n',
      }),
    );
    expect(captionOf(dataset, 'a.png')).toEqual(['x']);
    expect(dataset.problems[0]?.failure.message).toContain('line 2 and 1 more');
  });
});

describe("kohya's data sets", () => {
  test('give repeats and class tokens by folder name; a caption file beats the tokens', async () => {
    const dataset = await readDataset(
      await folderWith({
        '10_sks fox/a.png': null,
        '10_sks fox/b.png': null,
        '10_sks fox/b.txt': 'a fox in snow',
        '1_fox/c.png': null,
        '2024_summer/d.png': null,
      }),
    );
    expect(dataset.images.map(({ repeats }) => repeats)).toEqual([10, 10, 1, 1]);
    expect(dataset.images.map(({ candidates }) => candidates.map(({ source }) => source))).toEqual([
      ['class tokens'],
      ['sidecar', 'class tokens'],
      ['class tokens'],
      [],
    ]);
    expect(captionOf(dataset, '10_sks fox/a.png')).toEqual(['sks fox']);
    expect(captionOf(dataset, '10_sks fox/b.png')).toEqual(['a fox in snow']);
  });

  test('give caption and tags by metadata JSON, keyed by name or by absolute path', async () => {
    const folder = join(temporary.path, `set ${count + 1}`);
    const metadata = {
      a: { caption: 'a fox', tags: 'fox, snow', train_resolution: [512, 512] },
      [join(folder, 'b.png')]: { caption: 'an owl' },
      'C:\\elsewhere\\c.png': { tags: 'cat' },
    };
    await folderWith({
      'a.png': null,
      'b.png': null,
      'c.png': null,
      'meta_lat.json': JSON.stringify(metadata),
    });
    const dataset = await readDataset(folder);
    expect(dataset.problems).toEqual([]);
    expect(['a.png', 'b.png', 'c.png'].map((id) => captionOf(dataset, id))).toEqual([
      ['a fox, fox, snow'],
      ['an owl'],
      ['cat'],
    ]);
  });
});

describe('Danbooru metadata', () => {
  test('is matched by id and gives tags with spaces, characters first', async () => {
    const rows = [
      {
        id: 1234,
        file_ext: 'png',
        rating: 's',
        tag_string_general: '1girl long_hair',
        tag_string_artist: 'some_one',
        tag_string_copyright: '',
        tag_string_character: 'red_fox',
      },
      { id: '5678', tag_string: 'no_humans fox' },
    ];
    const dataset = await readDataset(
      await folderWith({
        '0234/1234.png': null,
        '0678/5678.png': null,
        'posts.jsonl': rows.map((row) => JSON.stringify(row)).join('\n'),
      }),
    );
    expect(dataset.problems).toEqual([]);
    expect(captionOf(dataset, '0234/1234.png')).toEqual(['red fox, some one, 1girl, long hair']);
    expect(captionOf(dataset, '0678/5678.png')).toEqual(['no humans, fox']);
    expect(dataset.images[0]?.metadata).toMatchObject({ character: 'red fox', rating: 's' });
  });
});

describe('a file name pattern', () => {
  test('makes fields of the parts of a name', async () => {
    const folder = await folderWith({
      'red fox_animal.png': null,
      'sub/oak_tree_plant.png': null,
      'other.png': null,
    });
    const dataset = await readDataset(folder, { fileNamePattern: '{name}_{type}' });
    expect(dataset.images.map(({ metadata }) => [metadata.name, metadata.type])).toEqual([
      [undefined, undefined],
      ['red fox', 'animal'],
      ['oak', 'tree_plant'],
    ]);
  });

  test.each(['plain', '{a}{b}', '{a}_{a}', '{a}_{b', '{}'])('is refused as %s', async (fileNamePattern) => {
    const folder = join(temporary.path, 'set 1');
    await expect(readDataset(folder, { fileNamePattern })).rejects.toMatchObject({
      code: 'file-name-pattern',
    });
  });

  test('takes punctuation in it for itself', async () => {
    const folder = await folderWith({ 'fox (1) - a+b.png': null });
    const dataset = await readDataset(folder, { fileNamePattern: '{name} ({number}) - {rest}' });
    expect(dataset.images[0]?.metadata).toEqual({
      file: 'fox (1) - a+b',
      name: 'fox',
      number: '1',
      rest: 'a+b',
    });
  });
});
