import { cpSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { tagOptionsSchema } from '../../electron/contract/captions.ts';
import { tagsOf, tagVariants } from '../../electron/datasets/captions/tag-variants.ts';
import { fill, picture } from './folder.ts';
import { idsOf, importFolder, openStudio, testFolder } from './studio.ts';

const sample = fileURLToPath(new URL('../../resources/sample', import.meta.url));

describe('what a run is planned on', () => {
  test('are the images not excluded, as they are split, with their captions', async () => {
    const folder = await fill(join(testFolder(), 'set'), {
      'a.png': await picture(1),
      'a.txt': 'one, two, three, four',
      'b.png': await picture(2),
      'c.png': await picture(3),
      'c.txt': 'five, six, seven',
      'd.png': await picture(4),
    });
    const studio = openStudio();
    const datasetId = await importFolder(studio, folder);
    const ids = await idsOf(studio, datasetId);
    const [set] = await studio.call('captions.sets', { datasetId });
    await studio.call('datasets.exclude', { imageIds: [ids['d.png']!], excluded: true });
    await studio.call('datasets.holdOut', { imageIds: [ids['c.png']!], heldOut: true });
    await studio.call('captions.setTagOptions', {
      captionSetId: set!.id,
      tags: { shuffle: true, variants: 4 },
    });
    const data = studio.datasets.runData(datasetId, set!.id, 5);
    expect(data).toMatchObject({ datasetName: 'set', captionSetName: 'From files', folder });
    expect(data.training.map(({ id, path }) => [id, path])).toEqual([
      ['a.png', join(folder, 'a.png')],
      ['b.png', join(folder, 'b.png')],
    ]);
    expect(data.heldOut.map(({ id }) => id)).toEqual(['c.png']);
    const variants = data.captions.captions.get('a.png')!;
    expect(variants).toHaveLength(4);
    for (const variant of variants) {
      expect(tagsOf(variant)[0]).toBe('one');
      expect(tagsOf(variant).toSorted()).toEqual(['four', 'one', 'three', 'two']);
    }
    expect(data.captions.captions.get('b.png')).toEqual(['']);
    expect(data.captions.captions.get('c.png')).toEqual(['five, six, seven']);
    expect(data.captions.missing.map(({ id }) => id)).toEqual(['b.png']);
    expect(data.warnings).toHaveLength(1);
    expect(studio.datasets.runData(datasetId, set!.id, 5).captions.captions).toEqual(data.captions.captions);

    await studio.call('datasets.exclude', { imageIds: Object.values(ids), excluded: true });
    expect(() => studio.datasets.runData(datasetId, set!.id, 5)).toThrow('no image to train on');
  });

  test('offers all captions an image came with', async () => {
    const folder = await fill(join(testFolder(), 'set'), {
      'a.png': null,
      'metadata.jsonl': '{"file_name": "a.png", "captions": ["one", "two"]}\n',
    });
    const studio = openStudio();
    const datasetId = await importFolder(studio, folder);
    const [set] = await studio.call('captions.sets', { datasetId });
    const captions = () => studio.datasets.runData(datasetId, set!.id, 0).captions.captions.get('a.png');
    expect(captions()).toEqual(['one', 'two']);
    const imageId = (await idsOf(studio, datasetId))['a.png']!;
    await studio.call('captions.write', { captionSetId: set!.id, captions: [{ imageId, text: 'three' }] });
    expect(captions()).toEqual(['three']);
  });
});

describe('variants of tags', () => {
  const options = tagOptionsSchema.parse({ shuffle: true, dropout: 0.5, keepFirst: 2, variants: 32 });

  test('depend on seed and image alone', () => {
    const caption = 'a, b, c, d, e, f, g, h';
    expect(tagVariants(caption, options, 1, 'x')).toEqual(tagVariants(caption, options, 1, 'x'));
    expect(tagVariants(caption, options, 1, 'x')).not.toEqual(tagVariants(caption, options, 2, 'x'));
    expect(tagVariants(caption, options, 1, 'x')).not.toEqual(tagVariants(caption, options, 1, 'y'));
  });

  test('leave out about as many tags as asked for, and none of the first', () => {
    const variants = tagVariants('a, b, c, d, e, f, g, h', options, 1, 'x').map(tagsOf);
    expect(variants).toHaveLength(32);
    for (const tags of variants) expect(tags.slice(0, 2)).toEqual(['a', 'b']);
    // 192 draws of a half: four standard deviations are 28.
    const left = variants.reduce((sum, tags) => sum + tags.length - 2, 0);
    expect(Math.abs(left - 96)).toBeLessThan(28);
  });

  test('are the caption itself where nothing can vary', () => {
    expect(tagVariants('just words', options, 1, 'x')).toEqual(['just words']);
    expect(tagVariants('a, b, c', tagOptionsSchema.parse({}), 1, 'x')).toEqual(['a, b, c']);
  });
});

describe('the sample', () => {
  test('is there at the first start, captioned and split, and stays away once removed', async () => {
    const top = testFolder();
    const studio = openStudio(join(top, 'library'));
    const datasetId = studio.datasets.addSample(sample, 'Sample')!;
    await studio.datasets.settled();
    const [dataset] = await studio.call('datasets.list', {});
    expect(dataset).toMatchObject({
      ...{ id: datasetId, name: 'Sample', embedded: true, images: 88, heldOut: 12, problems: 0 },
    });
    const [set] = await studio.call('captions.sets', { datasetId });
    expect(set).toMatchObject({ captioned: 88, uncaptioned: 0 });
    const { captions, training } = studio.datasets.runData(datasetId, set!.id, 0);
    expect(training).toHaveLength(76);
    expect(captions.captions.get('fox.webp')).toEqual(['official 3d art of fox, animal']);
    expect(studio.datasets.addSample(sample, 'Sample')).toBe(datasetId);
    await studio.call('datasets.remove', { datasetId });
    expect(studio.datasets.addSample(sample, 'Sample')).toBeNull();
  });

  test('is found where Screenfold has moved', async () => {
    const top = testFolder();
    cpSync(sample, join(top, 'one'), { recursive: true });
    const studio = openStudio(join(top, 'library'));
    const datasetId = studio.datasets.addSample(join(top, 'one'), 'Sample')!;
    await studio.datasets.settled();
    renameSync(join(top, 'one'), join(top, 'two'));
    studio.datasets.addSample(join(top, 'two'), 'Sample');
    const ids = await idsOf(studio, datasetId);
    expect((await studio.datasets.imageFile(ids['fox.webp']!)).path).toBe(join(top, 'two', 'fox.webp'));
  });
});

describe('a data set that a run needs', () => {
  test('is not removed', async () => {
    const studio = openStudio(undefined, { usedBy: () => 'my run' });
    const datasetId = await importFolder(studio, await fill(join(testFolder(), 'set'), { 'a.png': null }));
    await expect(studio.call('datasets.remove', { datasetId })).rejects.toMatchObject({
      code: 'dataset-in-use',
    });
  });
});
