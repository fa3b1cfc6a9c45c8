import { mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';

import { noise } from '../images/pictures.ts';
import { fill, picture } from './folder.ts';
import { captionsOf, filesOf, idsOf, importFolder, openStudio, testFolder } from './studio.ts';

describe('a dropped folder', () => {
  test('becomes a data set of its images, with sizes, thumbnails and what came with them', async () => {
    const folder = await fill(join(testFolder(), 'my foxes'), {
      'fox.png': await picture(1, 600, 400),
      'fox.txt': 'a red fox, forest',
      'sub/owl.png': await picture(2),
      'metadata.csv': 'file_name,name,split\nfox.png,Fox,train\nsub/owl.png,Owl,validation\n',
    });
    const studio = openStudio();
    const datasetId = await importFolder(studio, folder);

    const detail = await studio.call('datasets.get', { datasetId });
    expect(detail).toMatchObject({
      ...{ name: 'my foxes', folder, images: 2, heldOut: 1, problems: 0, captionSets: 1, importing: false },
      fields: [
        { name: 'file', images: 2, example: 'fox' },
        { name: 'name', images: 2, example: 'Fox' },
        { name: 'split', images: 2, example: 'train' },
        { name: 'folder', images: 1, example: 'sub' },
      ],
    });
    const { rows } = await studio.call('datasets.images', { datasetId, query: {}, offset: 0, limit: 10 });
    expect(rows.map(({ file, width, height, heldOut }) => [file, width, height, heldOut])).toEqual([
      ['fox.png', 600, 400, false],
      ['sub/owl.png', 12, 8, true],
    ]);
    const thumbnail = await studio.datasets.thumbnailFile(rows[0]!.id);
    expect(thumbnail.contentType).toBe('image/webp');
    expect(await sharp(await readFile(thumbnail.path)).metadata()).toMatchObject({
      ...{ format: 'webp', width: 256, height: 171 },
    });
    const image = await studio.call('datasets.image', { imageId: rows[0]!.id });
    expect(image).toMatchObject({
      path: join(folder, 'fox.png'),
      metadata: { file: 'fox', name: 'Fox' },
      captions: [{ name: 'From files', text: 'a red fox, forest' }],
    });
  });

  test('is called what its images are of, and otherwise than the data sets there are', async () => {
    const top = testFolder();
    const studio = openStudio();
    const nameOf = async (path: string) => {
      const folder = await fill(join(top, path), { 'a.png': await picture(1) });
      const { name } = await studio.call('datasets.get', { datasetId: await importFolder(studio, folder) });
      return name;
    };
    expect(await nameOf('pokemon/images')).toBe('pokemon');
    expect(await nameOf('other/pokemon')).toBe('pokemon 2');
    expect(await nameOf('another/pokemon')).toBe('pokemon 3');
    expect(await nameOf('foxes')).toBe('foxes');
  });

  test('lists broken files with reasons and reads the rest', async () => {
    const whole = await noise(64, 64).png().toBuffer();
    const folder = await fill(join(testFolder(), 'set'), {
      'cut.png': whole.subarray(0, whole.length / 2),
      'cut.jpg': (await noise(64, 64).jpeg().toBuffer()).subarray(0, 900),
      'empty.webp': '',
      'text.png': 'not a picture',
      'good.png': whole,
      'metadata.jsonl': '{"file_name": "good.png", "name": "good"}\nnonsense\n',
    });
    const studio = openStudio();
    const datasetId = await importFolder(studio, folder);
    expect(await filesOf(studio, datasetId)).toEqual(['good.png']);
    const problems = await studio.call('datasets.problems', { datasetId });
    expect(problems.map(({ file, failure }) => [file, failure.code])).toEqual([
      ['cut.jpg', 'image-unreadable'],
      ['cut.png', 'image-unreadable'],
      ['empty.webp', 'image-unreadable'],
      ['metadata.jsonl', 'metadata-invalid'],
      ['text.png', 'image-unreadable'],
    ]);
    for (const { failure } of problems) expect(failure.hint).not.toBe('');
    expect(studio.progress().at(-1)).toMatchObject({ phase: 'finished', done: 5, total: 5, problems: 5 });
  });

  test('without any image says so and leaves no data set', async () => {
    const studio = openStudio();
    const folder = await fill(join(testFolder(), 'none'), { 'notes.md': 'x' });
    await importFolder(studio, folder);
    expect(studio.progress().at(-1)).toMatchObject({ phase: 'failed', failure: { code: 'dataset-empty' } });
    expect(await studio.call('datasets.list', {})).toEqual([]);
  });

  test.each([
    [{ 'a.txt': 'x', 'b.md': 'x', 'c.json': '{}' }, 'none is a folder of 3 text files.'],
    [{ 'a.zip': 'x' }, 'none is a folder of 1 archive.'],
    [{}, 'none is an empty folder.'],
  ])('that holds %j instead is named, and leaves no data set', async (files, message) => {
    const studio = openStudio();
    const folder = join(testFolder(), 'none');
    mkdirSync(folder);
    await importFolder(studio, await fill(folder, files));
    expect(studio.progress().at(-1)).toMatchObject({
      phase: 'failed',
      failure: { code: 'dataset-empty', message },
    });
    expect(await studio.call('datasets.list', {})).toEqual([]);
  });

  test('of HEIC images alone says why they are left out, and leaves no data set', async () => {
    const studio = openStudio();
    const heic = Buffer.from('000000186674797068656963000000006d69663168656963', 'hex');
    await importFolder(studio, await fill(join(testFolder(), 'phone'), { 'a.heic': heic }));
    expect(studio.progress().at(-1)?.failure?.message).toContain('1 HEIC image is left out');
    expect(await studio.call('datasets.list', {})).toEqual([]);
  });

  test('without any image leaves the data set it was added to as it was', async () => {
    const top = testFolder();
    const studio = openStudio();
    const datasetId = await importFolder(studio, await fill(join(top, 'one'), { 'a.png': null }));
    const before = await studio.call('datasets.get', { datasetId });
    const notes = await fill(join(top, 'notes'), { 'a.txt': 'x', 'b.zip': 'x' });
    await studio.call('datasets.import', { datasetId, paths: [notes] });
    await studio.datasets.settled();
    expect(studio.progress().at(-1)).toMatchObject({
      phase: 'failed',
      failure: { message: 'notes is a folder of 1 text file and 1 archive.' },
    });
    expect(await studio.call('datasets.get', { datasetId })).toEqual(before);
    expect(await studio.call('datasets.problems', { datasetId })).toEqual([]);
  });

  test('without any image beside one with images is accounted for in their data set', async () => {
    const top = testFolder();
    const studio = openStudio();
    const one = await fill(join(top, 'one'), { 'a.png': null });
    const notes = await fill(join(top, 'notes'), { 'a.zip': 'x' });
    const { datasetId } = await studio.call('datasets.import', { paths: [one, notes] });
    await studio.datasets.settled();
    expect(await filesOf(studio, datasetId)).toEqual(['a.png']);
    expect(await studio.call('datasets.problems', { datasetId })).toMatchObject([
      { file: 'notes/a.zip', failure: { code: 'archive' } },
    ]);
  });

  test('turned by EXIF is measured and shown as it is seen', async () => {
    const turned = await sharp(await picture(1, 40, 20))
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    const studio = openStudio();
    const datasetId = await importFolder(studio, await fill(join(testFolder(), 'set'), { 'a.png': turned }));
    const { rows } = await studio.call('datasets.images', { datasetId, query: {}, offset: 0, limit: 1 });
    expect(rows[0]).toMatchObject({ width: 20, height: 40 });
    for (const file of [
      await studio.datasets.thumbnailFile(rows[0]!.id),
      await studio.datasets.imageFile(rows[0]!.id),
    ]) {
      expect(file.contentType).toBe('image/webp');
      expect(await sharp(await readFile(file.path)).metadata()).toMatchObject({ width: 20, height: 40 });
    }
  });

  test('gives browsers originals they can show and a WebP of others', async () => {
    const studio = openStudio();
    const folder = await fill(join(testFolder(), 'set'), {
      'a.jpg': await noise(8, 8).jpeg().toBuffer(),
      'b.tiff': await noise(8, 8).tiff().toBuffer(),
      'c.webp': await noise(8, 8).webp().toBuffer(),
    });
    const ids = await idsOf(studio, await importFolder(studio, folder));
    expect(await studio.datasets.imageFile(ids['a.jpg']!)).toMatchObject({
      ...{ path: join(folder, 'a.jpg'), contentType: 'image/jpeg' },
    });
    expect(await studio.datasets.imageFile(ids['c.webp']!)).toMatchObject({ contentType: 'image/webp' });
    const tiff = await studio.datasets.imageFile(ids['b.tiff']!);
    expect(tiff.path).not.toContain(folder);
    expect(await sharp(await readFile(tiff.path)).metadata()).toMatchObject({ format: 'webp', width: 8 });
  });

  test('makes a lost thumbnail again', async () => {
    const studio = openStudio();
    const folder = await fill(join(testFolder(), 'set'), { 'a.png': null });
    const ids = await idsOf(studio, await importFolder(studio, folder));
    const { path } = await studio.datasets.thumbnailFile(ids['a.png']!);
    rmSync(path);
    await studio.datasets.thumbnailFile(ids['a.png']!);
    expect(await sharp(await readFile(path)).metadata()).toMatchObject({ width: 12 });
  });
});

describe('dropped files', () => {
  test('become a data set, with the captions that lie beside them', async () => {
    const folder = await fill(join(testFolder(), 'pictures'), {
      'a.png': null,
      'a.txt': 'first',
      'b.png': await picture(2),
      'other.png': await picture(3),
    });
    const studio = openStudio();
    const { datasetId } = await studio.call('datasets.import', {
      paths: [join(folder, 'a.png'), join(folder, 'b.png')],
    });
    await studio.datasets.settled();
    expect(await filesOf(studio, datasetId)).toEqual(['a.png', 'b.png']);
    const [set] = await studio.call('captions.sets', { datasetId });
    expect(set).toMatchObject({ source: { kind: 'sidecar' }, captioned: 1, uncaptioned: 1 });
    expect(await captionsOf(studio, datasetId, set!.id)).toEqual({ 'a.png': 'first', 'b.png': null });
  });

  test('come into a data set that is there under a name of their own', async () => {
    const top = testFolder();
    const studio = openStudio();
    const datasetId = await importFolder(studio, await fill(join(top, 'one'), { 'a.png': await picture(1) }));
    const other = await fill(join(top, 'two'), { 'a.png': await picture(2), 'b/c.png': await picture(3) });
    await studio.call('datasets.import', { datasetId, paths: [other] });
    await studio.datasets.settled();
    expect(await filesOf(studio, datasetId)).toEqual(['a.png', 'two/a.png', 'two/b/c.png']);
    expect(await studio.call('datasets.get', { datasetId })).toMatchObject({ folder: null, name: 'one' });
  });

  test.each([
    ['that are not there', ['nowhere.png'], 'dataset-missing'],
    ['that are no images', ['notes.md'], 'dataset-empty'],
  ])('%s are refused at once', async (_what, names, code) => {
    const folder = await fill(join(testFolder(), 'set'), { 'notes.md': 'x' });
    const studio = openStudio();
    const paths = names.map((name) => join(folder, name));
    await expect(studio.call('datasets.import', { paths })).rejects.toMatchObject({ code });
    await expect(studio.call('datasets.import', { paths: [] })).rejects.toMatchObject({
      code: 'dataset-empty',
    });
  });
});

describe('an upload', () => {
  test('is read as the folder that was dropped, and goes when its data set is removed', async () => {
    const studio = openStudio();
    const upload = join(studio.library.paths.uploads, 'u-1');
    await fill(join(upload, 'my drawings'), { 'a.png': null });
    const { datasetId } = await studio.call('datasets.import', { uploadId: 'u-1' });
    await studio.datasets.settled();
    expect(await studio.call('datasets.list', {})).toMatchObject([{ name: 'my drawings', images: 1 }]);
    await studio.call('datasets.remove', { datasetId });
    expect(await studio.call('datasets.list', {})).toEqual([]);
    await expect(readFile(join(upload, 'my drawings', 'a.png'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('without an image that can be used goes at once', async () => {
    const studio = openStudio();
    const { uploads } = studio.library.paths;
    await fill(join(uploads, 'u-1', 'drawings'), { 'a.txt': 'x', 'b-masklabel.png': null });
    await studio.call('datasets.import', { uploadId: 'u-1' });
    await studio.datasets.settled();
    expect(studio.progress().at(-1)).toMatchObject({ failure: { code: 'dataset-empty' } });
    expect(await studio.call('datasets.list', {})).toEqual([]);
    expect(readdirSync(uploads)).toEqual([]);
  });

  test.each(['../..', '.', 'no such', ''])('named %j is refused', async (uploadId) => {
    const studio = openStudio();
    await expect(studio.call('datasets.import', { uploadId })).rejects.toMatchObject({
      code: 'upload-unknown',
    });
  });
});

describe('reading a folder again', () => {
  test('takes in what is new, reads anew what changed, and keeps captions of what is gone', async () => {
    const folder = await fill(join(testFolder(), 'set'), {
      'a.png': await picture(1),
      'a.txt': 'before',
      'b.png': await picture(2),
      'b.txt': 'of b',
    });
    const studio = openStudio();
    const datasetId = await importFolder(studio, folder);
    const before = await idsOf(studio, datasetId);
    writeFileSync(join(folder, 'a.png'), await picture(3, 30, 20));
    utimesSync(join(folder, 'a.png'), 1, 1);
    writeFileSync(join(folder, 'a.txt'), 'after');
    writeFileSync(join(folder, 'c.png'), await picture(4));
    mkdirSync(join(folder, '..', 'away'));
    renameSync(join(folder, 'b.png'), join(folder, '..', 'away', 'b.png'));
    await studio.call('datasets.rescan', { datasetId });
    await studio.datasets.settled();

    expect(await filesOf(studio, datasetId)).toEqual(['a.png', 'c.png']);
    const [set] = await studio.call('captions.sets', { datasetId });
    expect(await captionsOf(studio, datasetId, set!.id)).toEqual({ 'a.png': 'after', 'c.png': null });
    expect(set).toMatchObject({ captioned: 1, uncaptioned: 1 });
    const { rows } = await studio.call('datasets.images', { datasetId, query: {}, offset: 0, limit: 9 });
    expect(rows[0]).toMatchObject({ id: before['a.png'], width: 30 });
    expect(await studio.call('datasets.problems', { datasetId })).toMatchObject([
      { file: 'b.png', failure: { code: 'image-gone' } },
      { file: 'b.txt', failure: { code: 'caption-without-image' } },
    ]);

    renameSync(join(folder, '..', 'away', 'b.png'), join(folder, 'b.png'));
    await studio.call('datasets.rescan', { datasetId });
    await studio.datasets.settled();
    expect(await studio.call('datasets.problems', { datasetId })).toEqual([]);
    expect(await captionsOf(studio, datasetId, set!.id)).toEqual({
      ...{ 'a.png': 'after', 'b.png': 'of b', 'c.png': null },
    });
    expect((await idsOf(studio, datasetId))['b.png']).toBe(before['b.png']);
  });

  test('leaves a caption that was changed by hand', async () => {
    const folder = await fill(join(testFolder(), 'set'), { 'a.png': null, 'a.txt': 'before' });
    const studio = openStudio();
    const datasetId = await importFolder(studio, folder);
    const [set] = await studio.call('captions.sets', { datasetId });
    const imageId = (await idsOf(studio, datasetId))['a.png']!;
    await studio.call('captions.write', { captionSetId: set!.id, captions: [{ imageId, text: 'by hand' }] });
    writeFileSync(join(folder, 'a.txt'), 'after');
    await studio.call('datasets.rescan', { datasetId });
    await studio.datasets.settled();
    expect(await captionsOf(studio, datasetId, set!.id)).toEqual({ 'a.png': 'by hand' });
  });

  test('changes nothing where the whole folder is not there', async () => {
    const folder = await fill(join(testFolder(), 'set'), { 'a.png': null });
    const studio = openStudio();
    const datasetId = await importFolder(studio, folder);
    renameSync(folder, `${folder} elsewhere`);
    await studio.call('datasets.rescan', { datasetId });
    await studio.datasets.settled();
    expect(studio.progress().at(-1)).toMatchObject({ phase: 'failed', failure: { code: 'dataset-missing' } });
    expect(await filesOf(studio, datasetId)).toEqual(['a.png']);
  });
});

describe('an import', () => {
  test('can be cancelled, keeping what was read', async () => {
    const files = Object.fromEntries(
      await Promise.all(
        Array.from({ length: 40 }, async (_, at) => [`${at}.png`, await picture(at, 400, 300)] as const),
      ),
    );
    const folder = await fill(join(testFolder(), 'set'), files);
    const studio = openStudio();
    const { datasetId } = await studio.call('datasets.import', { paths: [folder] });
    await studio.call('datasets.cancelImport', { datasetId });
    expect(studio.progress().at(-1)?.phase).toBe('cancelled');
    expect(await studio.call('datasets.list', {})).toMatchObject([{ importing: false }]);
    await studio.call('datasets.rescan', { datasetId });
    await studio.datasets.settled();
    expect(await filesOf(studio, datasetId)).toHaveLength(40);
  });

  test('goes on when the library is opened again', async () => {
    const top = testFolder();
    const folder = await fill(join(top, 'set'), { 'a.png': null, 'b.png': await picture(2) });
    const first = openStudio(join(top, 'library'));
    await first.call('datasets.import', { paths: [folder] });
    await first.close();
    const second = openStudio(join(top, 'library'));
    await second.datasets.settled();
    const [dataset] = await second.call('datasets.list', {});
    expect(await filesOf(second, dataset!.id)).toEqual(['a.png', 'b.png']);
  });

  test('gives new images the captions of every set that has a source', async () => {
    const folder = await fill(join(testFolder(), 'set'), { 'a.png': await picture(1) });
    const studio = openStudio();
    const datasetId = await importFolder(studio, folder);
    const { captionSetId } = await studio.call('captions.createSet', {
      ...{ datasetId, name: 'Files', source: { kind: 'template', template: 'picture ${file}' } },
    });
    writeFileSync(join(folder, 'b.png'), await picture(2));
    await studio.call('datasets.rescan', { datasetId });
    await studio.datasets.settled();
    expect(await captionsOf(studio, datasetId, captionSetId)).toEqual({
      ...{ 'a.png': 'picture a', 'b.png': 'picture b' },
    });
  });
});
