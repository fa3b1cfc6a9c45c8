import { join } from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';

import type { InputOf } from '../../electron/contract/api.ts';
import type { ImageQuery } from '../../electron/contract/datasets.ts';
import { noise, quarters, type Rgb, temporaryFolder } from '../images/pictures.ts';
import { fill, picture } from './folder.ts';
import { filesOf, idsOf, importFolder, openStudio, testFolder } from './studio.ts';

const temporary = temporaryFolder();
let folder: string;
beforeAll(async () => {
  folder = await fill(join(temporary.path, 'set'), {
    'b Füchse.png': await picture(1, 20, 10),
    'a.png': await picture(2, 10, 30),
    'c.png': await noise(16, 16).png().toBuffer(),
    'metadata.csv':
      'file_name,name,text\n"b Füchse.png",Ärmel 100%,"red fox, forest"\na.png,Berta,"blue_1 owl, sky"\nc.png,Cid,\n',
  });
});

async function open() {
  const studio = openStudio();
  const datasetId = await importFolder(studio, folder);
  const ids = await idsOf(studio, datasetId);
  const [set] = await studio.call('captions.sets', { datasetId });
  return { studio, datasetId, ids, captionSetId: set!.id };
}

describe('images', () => {
  test('are sorted by name as people count', async () => {
    const counted = await fill(join(temporary.path, 'counted'), {
      '10.png': await picture(1, 8, 8),
      '9.png': await picture(2, 8, 8),
      'B.png': await picture(3, 8, 8),
      'a.png': await picture(4, 8, 8),
    });
    const studio = openStudio();
    const datasetId = await importFolder(studio, counted);
    expect(await filesOf(studio, datasetId, { sort: 'name' })).toEqual(['9.png', '10.png', 'a.png', 'B.png']);
  });

  test.each([
    ['name', ['a.png', 'b Füchse.png', 'c.png']],
    ['pixels', ['b Füchse.png', 'c.png', 'a.png']],
    ['aspect', ['a.png', 'c.png', 'b Füchse.png']],
    ['caption', ['a.png', 'b Füchse.png', 'c.png']],
  ] as const)('are sorted by %s, both ways', async (sort, expected) => {
    const { studio, datasetId, captionSetId } = await open();
    expect(await filesOf(studio, datasetId, { sort, captionSetId })).toEqual(expected);
    const descending = sort === 'caption' ? ['b Füchse.png', 'a.png', 'c.png'] : expected.toReversed();
    expect(await filesOf(studio, datasetId, { sort, captionSetId, descending: true })).toEqual(descending);
  });

  test.each<[Partial<ImageQuery>, readonly string[]]>([
    [{ search: 'füchse' }, ['b Füchse.png']],
    [{ search: 'FÜCHSE' }, ['b Füchse.png']],
    [{ search: 'berta' }, ['a.png']],
    [{ search: '100%' }, ['b Füchse.png']],
    [{ search: 'FOREST fox' }, ['b Füchse.png']],
    [{ search: 'e_1' }, ['a.png']],
    [{ search: 'd_f' }, []],
    [{ search: 'owl ber' }, ['a.png']],
    [{ search: 'owl forest' }, []],
    [{ search: "'; DROP TABLE image; --" }, []],
    [{ tag: 'forest' }, ['b Füchse.png']],
    [{ tag: 'fox' }, []],
    [{ filter: 'captioned' }, ['a.png', 'b Füchse.png']],
    [{ filter: 'uncaptioned' }, ['c.png']],
  ])('selected by %j', async (query, expected) => {
    const { studio, datasetId, captionSetId } = await open();
    expect(await filesOf(studio, datasetId, { ...query, captionSetId })).toEqual(expected);
    expect(await filesOf(studio, datasetId, query)).toEqual(expected);
  });

  test('are filtered by what they are used for', async () => {
    const { studio, datasetId, ids } = await open();
    await studio.call('datasets.exclude', { imageIds: [ids['a.png']!], excluded: true });
    await studio.call('datasets.holdOut', { imageIds: [ids['c.png']!], heldOut: true });
    const files = (filter: ImageQuery['filter']) => filesOf(studio, datasetId, { filter });
    expect(await files('all')).toHaveLength(3);
    expect(await files('excluded')).toEqual(['a.png']);
    expect(await files('held-out')).toEqual(['c.png']);
    expect(await files('training')).toEqual(['b Füchse.png']);
    expect(await studio.call('datasets.list', {})).toMatchObject([{ images: 3, excluded: 1, heldOut: 1 }]);
  });

  test('come in windows of one order, with the number of all', async () => {
    const { studio, datasetId } = await open();
    const window = await studio.call('datasets.images', { datasetId, query: {}, offset: 1, limit: 1 });
    expect(window.total).toBe(3);
    expect(window.rows.map(({ file }) => file)).toEqual(['b Füchse.png']);
    const ids = await studio.call('datasets.imageIds', { datasetId, query: {} });
    expect(ids[1]).toBe(window.rows[0]!.id);
  });

  test('fall into buckets, and less is cropped where a bucket fits', async () => {
    const { studio, datasetId } = await open();
    const buckets = await studio.call('datasets.buckets', { datasetId, resolution: 64, step: 8 });
    expect(buckets.reduce((sum, { images }) => sum + images, 0)).toBe(3);
    const square = buckets.find(({ width, height }) => width === height);
    expect(square).toMatchObject({ images: 1, cropped: 0 });
    await expect(
      studio.call('datasets.buckets', { datasetId, resolution: 65, step: 8 }),
    ).rejects.toMatchObject({ code: 'resolution-invalid' });
  });

  test('show the versions that a run would draw from, those held out not among them', async () => {
    const { studio, datasetId } = await open();
    await studio.call('datasets.setValidation', {
      datasetId,
      choice: { kind: 'names', names: ['c.png'] },
    });
    const show = async (first = 0, more: object = { crop: 0.3, hue: 40 }) =>
      studio.call('datasets.versions', {
        ...{ datasetId, first, seed: 3, randomFlip: true },
        buckets: [{ width: 512, height: 256 }],
        augmentation: { variants: 3, ...more },
      });
    const { images, total } = await show();
    expect([total, images.map(({ file }) => file)]).toEqual([2, ['a.png', 'b Füchse.png']]);
    expect((await show(1)).images.map(({ file }) => file)).toEqual(['b Füchse.png', 'a.png']);
    const [image] = images;
    expect(new Set(image!.versions).size).toBe(3);
    for (const address of image!.versions) {
      const [head, data] = address.split(',') as [string, string];
      expect(head).toBe('data:image/webp;base64');
      expect(await sharp(Buffer.from(data, 'base64')).metadata()).toMatchObject({ width: 256, height: 128 });
    }
    expect(await show()).toEqual({ images, total });
    expect((await show(0, { crop: 0.2 })).images[0]!.versions[1]).not.toBe(image!.versions[1]);
    expect((await show(0, {})).images[0]!.versions).toHaveLength(2);
  });
});

describe('a split', () => {
  test('is a number, a part, what the metadata marks, or none', async () => {
    const { studio, datasetId } = await open();
    const held = async () => (await studio.call('datasets.get', { datasetId })).heldOut;
    const { heldOut } = await studio.call('datasets.setValidation', {
      ...{ datasetId, choice: { kind: 'count', count: 2 } },
    });
    expect(await held()).toBe(2);
    const page = { query: { filter: 'held-out' as const }, offset: 0, limit: 9 };
    const { rows } = await studio.call('datasets.images', { datasetId, ...page });
    expect(new Set(heldOut)).toEqual(new Set(rows.map(({ id }) => id)));
    // Of the two one stays: none is held out anew.
    expect(
      await studio.call('datasets.setValidation', { datasetId, choice: { kind: 'fraction', fraction: 0.1 } }),
    ).toEqual({ heldOut: [] });
    expect(await held()).toBe(1);
    await studio.call('datasets.setValidation', { datasetId, choice: { kind: 'marked' } });
    expect(await held()).toBe(0);
    const names = (...list: string[]) =>
      studio.call('datasets.setValidation', { datasetId, choice: { kind: 'names', names: list } });
    await names('A.png', ' b Füchse ', '');
    expect(await filesOf(studio, datasetId, { filter: 'held-out' })).toEqual(['a.png', 'b Füchse.png']);
    await names('./c.png');
    expect(await filesOf(studio, datasetId, { filter: 'held-out' })).toEqual(['c.png']);
    await expect(names('c.png', 'nobody.png')).rejects.toMatchObject({
      code: 'split-invalid',
      message: 'No image is called “nobody.png”.',
    });
    await expect(names('a', 'b Füchse', 'c')).rejects.toMatchObject({ code: 'split-invalid' });
    await expect(
      studio.call('datasets.setValidation', { datasetId, choice: { kind: 'count', count: 3 } }),
    ).rejects.toMatchObject({ code: 'split-invalid' });
  });
});

test('a split is known again, whoever chose it', async () => {
  const { studio, datasetId } = await open();
  const now = () => studio.call('datasets.validation', { datasetId });
  const chosen = async (choice: InputOf<'datasets.setValidation'>['choice']) => {
    await studio.call('datasets.setValidation', { datasetId, choice });
    return now();
  };
  expect(await now()).toEqual({ kind: 'none' });
  expect(await chosen({ kind: 'count', count: 2 })).toEqual({ kind: 'count', count: 2 });
  expect(await chosen({ kind: 'fraction', fraction: 0.1 })).toEqual({ kind: 'count', count: 1 });
  const [first] = await filesOf(studio, datasetId, { filter: 'held-out' });
  const other = (await filesOf(studio, datasetId)).find((file) => file !== first)!;
  expect(await chosen({ kind: 'names', names: [other] })).toEqual({ kind: 'names', names: [other] });
  expect(await chosen({ kind: 'none' })).toEqual({ kind: 'none' });
});

test('a split that the metadata makes is told from one by chance', async () => {
  const studio = openStudio();
  const marked = await fill(join(temporary.path, 'marked'), {
    'a.png': await picture(1, 8, 8),
    'b.png': await picture(2, 8, 8),
    'metadata.csv': 'file_name,split\na.png,train\nb.png,validation\n',
  });
  const datasetId = await importFolder(studio, marked);
  expect(await studio.call('datasets.validation', { datasetId })).toEqual({ kind: 'marked' });
});

describe('duplicates', () => {
  const red: Rgb = [220, 30, 30];
  const blue: Rgb = [30, 30, 220];
  const white: Rgb = [250, 250, 250];
  const black: Rgb = [5, 5, 5];

  test('are the same files and the same pictures, not the same shape in other colours', async () => {
    const shape = quarters(64, 64, [red, white, black, red]);
    const same = await shape.clone().png().toBuffer();
    const top = testFolder();
    const set = await fill(join(top, 'set'), {
      'copy 1.png': same,
      'copy 2.png': same,
      'smaller.jpg': await sharp(await shape.clone().resize(48, 48).png().toBuffer())
        .jpeg()
        .toBuffer(),
      'blue.png': await quarters(64, 64, [blue, white, black, blue]).png().toBuffer(),
      'other 1.png': await noise(40, 40).png().toBuffer(),
      'other 2.png': await noise(40, 40).png().toBuffer(),
      'flat 1.png': await picture(1),
      'flat 2.png': await picture(2),
    });
    const studio = openStudio();
    const datasetId = await importFolder(studio, set);
    const ids = await idsOf(studio, datasetId);
    await studio.call('datasets.holdOut', { imageIds: [ids['smaller.jpg']!], heldOut: true });
    const groups = await studio.call('datasets.duplicates', { datasetId });
    expect(
      groups.map(({ kind, crossesSplit, images }) => [kind, crossesSplit, images.map(({ file }) => file)]),
    ).toEqual([
      ['near', true, ['copy 1.png', 'copy 2.png', 'smaller.jpg']],
      ['exact', false, ['other 1.png', 'other 2.png']],
    ]);
    expect(await filesOf(studio, datasetId, { filter: 'duplicates' })).toHaveLength(5);
    // Equal files lie among what is merely alike, too.
    const exact = await studio.call('datasets.duplicates', { datasetId, exact: true });
    expect(exact.map(({ kind, images }) => [kind, images.map(({ file }) => file)])).toEqual([
      ['exact', ['copy 1.png', 'copy 2.png']],
      ['exact', ['other 1.png', 'other 2.png']],
    ]);
    await studio.call('datasets.exclude', { imageIds: [ids['other 2.png']!], excluded: true });
    expect(await studio.call('datasets.duplicates', { datasetId })).toHaveLength(1);
  });
});
