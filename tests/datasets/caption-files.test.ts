import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { type Dataset, readDataset } from '../../electron/datasets/dataset.ts';
import { captionFilesBeside } from '../../electron/datasets/files/caption-sources.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { fill } from './folder.ts';

const temporary = temporaryFolder();
let count = 0;

async function read(files: Readonly<Record<string, string | Uint8Array | null>>): Promise<Dataset> {
  return await readDataset(await fill(join(temporary.path, `set ${++count}`), files));
}

function captions({ images }: Dataset): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(images.map(({ id, candidates }) => [id, candidates[0]?.texts[0]]));
}

function leftOut({
  leftOut: groups,
}: Dataset): readonly (readonly [code: string, ...files: readonly string[]])[] {
  return groups.map(({ files, failure }) => [failure.code, ...files]);
}

describe('caption files', () => {
  test('may be called .captions, or have the whole name of their image, which counts before the name without extension', async () => {
    const dataset = await read({
      'a.png': null,
      'a.captions': 'by .captions',
      'a.txt': 'by .txt',
      'b.png': null,
      'b.jpg': null,
      'b.jpg.txt': 'of the jpg',
      'b.txt': 'of both',
    });
    expect(captions(dataset)).toEqual({ 'a.png': 'by .captions', 'b.jpg': 'of the jpg', 'b.png': 'of both' });
    expect(leftOut(dataset)).toEqual([['caption-beside-better', 'a.txt']]);
    expect(dataset.problems).toEqual([]);
  });

  test('may lie in a folder captions, beside the images or beside their folder', async () => {
    const dataset = await read({
      'a.png': null,
      'captions/a.txt': 'beside',
      'set/images/b.png': null,
      'set/images/deep/c.png': null,
      'set/Captions/b.txt': 'beside the folder',
      'set/Captions/deep/c.txt': 'deep',
      'set/Captions/none.txt': 'of nothing',
    });
    expect(captions(dataset)).toEqual({
      'a.png': 'beside',
      'set/images/b.png': 'beside the folder',
      'set/images/deep/c.png': 'deep',
    });
    expect(leftOut(dataset)).toEqual([['caption-without-image', 'set/Captions/none.txt']]);
  });

  test('in a folder captions are not given to one of several images of a name', async () => {
    const dataset = await read({ 'x/a.png': null, 'y/a.png': null, 'captions/a.txt': 'whose?' });
    expect(captions(dataset)).toEqual({ 'x/a.png': undefined, 'y/a.png': undefined });
    expect(leftOut(dataset)).toEqual([['caption-without-image', 'captions/a.txt']]);
  });

  test('of images that differ in letter case alone keep to their own', async () => {
    const both = await read({ 'A.png': null, 'a.png': null, 'A.txt': 'large', 'a.txt': 'small' });
    expect(captions(both)).toEqual({ 'A.png': 'large', 'a.png': 'small' });
    const one = await read({ 'A.png': null, 'a.png': null, 'a.txt': 'small' });
    expect(captions(one)).toEqual({ 'A.png': undefined, 'a.png': 'small' });
    const neither = await read({ 'Ab.png': null, 'aB.png': null, 'ab.txt': 'whose?' });
    expect(captions(neither)).toEqual({ 'Ab.png': undefined, 'aB.png': undefined });
    expect(leftOut(neither)).toEqual([['caption-without-image', 'ab.txt']]);
    const alone = await read({ 'A.png': null, 'A.jpg': null, 'a.TXT': 'of both' });
    expect(captions(alone)).toEqual({ 'A.jpg': 'of both', 'A.png': 'of both' });
  });

  test('with other words for the end of a line are one line', async () => {
    const dataset = await read({ 'a.png': null, 'a.txt': '  one\r\n\r\n two\rthree\u2028four\u0085five \n' });
    expect(captions(dataset)).toEqual({ 'a.png': 'one two three four\u0085five' });
  });

  test('come with single images that are dropped, under all of these names', async () => {
    const folder = await fill(join(temporary.path, 'single'), {
      ...{ 'a.png': null, 'b.png': null, 'c.png': null, 'd.png': null },
      ...{ 'a.png.txt': '', 'b.captions': '', 'c.json': '', 'd.txt': '' },
    });
    expect(await captionFilesBeside(folder, ['a.png', 'b.png', 'c.png'])).toEqual([
      ...['a.png', 'b.png', 'c.png', 'a.png.txt', 'b.captions', 'c.json'],
    ]);
  });
});

describe('every file of a folder', () => {
  test('is used or told, by kind', async () => {
    const dataset = await read({
      'a.png': null,
      'a.txt': 'used',
      'a-condlabel.png': null,
      'lonely.txt': 'x',
      'lonely2.caption': 'x',
      'README.txt': 'x',
      'scan.psd': 'x',
      'shot.CR2': 'x',
      'more.zip': 'x',
      'train.parquet': 'x',
      'clip.mp4': 'x',
      'dataset_info.json': '{"version": {"major": 1}}',
      'list.csv': 'x,y\n1,2\n',
      'cache.npz': 'x',
      'notes.md': 'x',
      Makefile: 'x',
      '.cache/y': 'x',
      '.DS_Store': 'x',
      'Thumbs.db': 'x',
    });
    expect(dataset.problems).toEqual([]);
    expect(leftOut(dataset)).toEqual([
      ['hidden', '.cache'],
      ['mask', 'a-condlabel.png'],
      ['caption-without-image', 'lonely.txt', 'lonely2.caption'],
      ['metadata-of-none', 'dataset_info.json', 'list.csv'],
      ['image-format', 'shot.CR2'],
      ['image-format', 'scan.psd'],
      ['archive', 'more.zip'],
      ['table-format', 'train.parquet'],
      ['video', 'clip.mp4'],
      ['other-file', 'Makefile', 'README.txt', 'cache.npz', 'notes.md'],
    ]);
    const told = dataset.leftOut.reduce((sum, { files }) => sum + files.length, 0);
    // All but the image, its caption, and what operating systems left.
    expect(told).toBe(16 - 1);
    expect(dataset.leftOut.at(-1)?.failure.hint).toContain('1 without extension, 1 .txt, 1 .npz, 1 .md');
  });

  test('is told where nothing can be trained on', async () => {
    await expect(read({ 'a.HEIC': heic(), 'b.heic': heic() })).rejects.toMatchObject({
      code: 'dataset-empty',
      message: expect.stringContaining('2 HEIC images are left out') as unknown,
      hint: expect.stringContaining('Convert') as unknown,
    });
  });

  test('an AVIF is read under any of the names of its kind', async () => {
    const { default: sharp } = await import('sharp');
    const avif = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .avif()
      .toBuffer();
    const dataset = await read({ 'a.heif': avif, 'b.HEIC': heic() });
    expect(Object.keys(captions(dataset))).toEqual(['a.heif']);
    expect(leftOut(dataset)).toEqual([['image-format', 'b.HEIC']]);
  });
});

describe("a trainer's folders", () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['beside img', ['img/10_a/x.png', 'log/y.png', 'model/z.png'], ['img/10_a/x.png']],
    ['below what was dropped', ['my/img/10_a/x.png', 'my/reg/1_a/y.png'], ['my/img/10_a/x.png']],
    ['without img', ['10_a/x.png', 'reg/1_a/y.png'], ['10_a/x.png']],
    [
      'of other names',
      ['images/x.png', 'models/y.png', 'log.png'],
      ['images/x.png', 'log.png', 'models/y.png'],
    ],
    ['by themselves', ['1_person/x.png'], ['1_person/x.png']],
    [
      'that happen to be called so',
      ['a.png', 'model/b.png', 'reg/c.png'],
      ['a.png', 'model/b.png', 'reg/c.png'],
    ],
  ])('%s', async (_, files, images) => {
    const dataset = await read(Object.fromEntries(files.map((file) => [file, null])));
    expect(dataset.images.map(({ id }) => id)).toEqual(images);
    const told = dataset.leftOut.flatMap(({ files: names }) => names);
    expect([...images, ...told].sort()).toEqual([...files].sort());
  });
});

function heic(): Buffer {
  return Buffer.concat([Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), Buffer.alloc(99, 7)]);
}
