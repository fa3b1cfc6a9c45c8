import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { InputOf } from '../../electron/contract/api.ts';
import { fill, picture } from './folder.ts';
import {
  captionsOf,
  filesOf,
  idsOf,
  importFolder,
  type OpenStudio,
  openStudio,
  testFolder,
} from './studio.ts';

interface Example {
  readonly studio: OpenStudio;
  readonly datasetId: number;
  readonly ids: Readonly<Record<string, number>>;
}

/** Three images with names and kinds; the third has no kind. */
async function example(): Promise<Example> {
  const folder = await fill(join(testFolder(), 'set'), {
    'a.png': await picture(1),
    'b.png': await picture(2),
    'c.png': await picture(3),
    'metadata.csv': 'file_name,name,kind\na.png,Ann,cat\nb.png,Bea,dog\nc.png,Cid,\n',
  });
  const studio = openStudio();
  const datasetId = await importFolder(studio, folder);
  return { studio, datasetId, ids: await idsOf(studio, datasetId) };
}

async function newSet(
  { studio, datasetId }: Example,
  source: Parameters<typeof studio.call<'captions.createSet'>>[1]['source'],
): Promise<number> {
  return (await studio.call('captions.createSet', { datasetId, name: 'Set', source })).captionSetId;
}

const names = { kind: 'template', template: '${name}, ${kind}' } as const;

describe('a caption set', () => {
  test.each([
    ['empty', { kind: 'empty' }, ['', '', '']],
    ['of the same words', { kind: 'fixed', text: 'my style' }, ['my style', 'my style', 'my style']],
    ['by a template', names, ['Ann, cat', 'Bea, dog', 'Cid']],
    ['of a column', { kind: 'column', column: 'kind' }, ['cat', 'dog', null]],
    ['of files that are not there', { kind: 'sidecar' }, [null, null, null]],
    ['by hand', { kind: 'hand' }, [null, null, null]],
  ] as const)('%s gives each image its caption', async (_name, source, captions) => {
    const set = await example();
    const id = await newSet(set, source);
    expect(Object.values(await captionsOf(set.studio, set.datasetId, id))).toEqual(captions);
    const captioned = captions.filter((caption) => caption !== null).length;
    expect(await set.studio.call('captions.sets', { datasetId: set.datasetId })).toMatchObject([
      { id, captioned, uncaptioned: 3 - captioned, byHand: 0 },
    ]);
  });

  test('is copied with what was changed by hand', async () => {
    const set = await example();
    const first = await newSet(set, names);
    await set.studio.call('captions.write', {
      captionSetId: first,
      captions: [{ imageId: set.ids['b.png']!, text: 'by hand' }],
    });
    const copy = await newSet(set, { kind: 'copy', captionSetId: first });
    expect(Object.values(await captionsOf(set.studio, set.datasetId, copy))).toEqual([
      ...['Ann, cat', 'by hand', 'Cid'],
    ]);
  });

  test('keeps captions changed by hand when it is filled anew, unless told otherwise', async () => {
    const set = await example();
    const captionSetId = await newSet(set, names);
    await set.studio.call('captions.write', {
      captionSetId,
      captions: [{ imageId: set.ids['a.png']!, text: 'mine' }],
    });
    const source = { kind: 'fixed', text: 'new' } as const;
    await set.studio.call('captions.fill', { captionSetId, source, overwrite: false });
    expect(Object.values(await captionsOf(set.studio, set.datasetId, captionSetId))).toEqual([
      ...['mine', 'new', 'new'],
    ]);
    await set.studio.call('captions.fill', { captionSetId, source, overwrite: true });
    expect(Object.values(await captionsOf(set.studio, set.datasetId, captionSetId))).toEqual([
      ...['new', 'new', 'new'],
    ]);
  });

  test('refuses a template with a field no image has, and makes no set', async () => {
    const set = await example();
    await expect(newSet(set, { kind: 'template', template: '${nmae}' })).rejects.toMatchObject({
      code: 'caption-template',
    });
    expect(await set.studio.call('captions.sets', { datasetId: set.datasetId })).toEqual([]);
  });

  test('is previewed with what images lack, or with why it cannot be', async () => {
    const { studio, datasetId } = await example();
    const preview = await studio.call('captions.preview', { datasetId, source: names });
    expect(preview).toMatchObject({ captioned: 3, uncaptioned: 0, fault: null });
    expect(preview.missing).toEqual([{ field: 'kind', images: 1 }]);
    expect(preview.examples.map(({ file, caption, missing }) => [file, caption, missing])).toEqual([
      ['a.png', 'Ann, cat', []],
      ['b.png', 'Bea, dog', []],
      ['c.png', 'Cid', ['kind']],
    ]);
    const broken = await studio.call('captions.preview', {
      datasetId,
      source: { kind: 'template', template: 'a ${name' },
    });
    expect(broken.fault).toContain('without its }');
  });

  test('counts the images that are used', async () => {
    const set = await example();
    await newSet(set, names);
    const sets = () => set.studio.call('captions.sets', { datasetId: set.datasetId });
    await set.studio.call('datasets.exclude', { imageIds: [set.ids['a.png']!], excluded: true });
    expect(await sets()).toMatchObject([{ captioned: 2, uncaptioned: 0 }]);
    await set.studio.call('datasets.exclude', { imageIds: [set.ids['a.png']!], excluded: false });
    expect(await sets()).toMatchObject([{ captioned: 3, uncaptioned: 0 }]);
  });
});

describe('find and replace', () => {
  test.each([
    [{ find: 'ann', replace: 'Eve' }, 'Eve, cat'],
    [{ find: 'ann', replace: 'Eve', matchCase: true }, 'Ann, cat'],
    [{ find: 'An', replace: 'X', wholeWord: true }, 'Ann, cat'],
    [{ find: 'cat', replace: '$&$1' }, 'Ann, $&$1'],
    [{ find: '(\\w+), (\\w+)', replace: '$2 $1', regularExpression: true }, 'cat Ann'],
  ])('%j', async (find, expected) => {
    const set = await example();
    const captionSetId = await newSet(set, names);
    const preview = await set.studio.call('captions.previewReplace', { captionSetId, ...find });
    await set.studio.call('captions.replace', { captionSetId, ...find });
    const captions = await captionsOf(set.studio, set.datasetId, captionSetId);
    expect(captions['a.png']).toBe(expected);
    expect(preview.examples.find(({ imageId }) => imageId === set.ids['a.png'])?.after).toBe(
      expected === 'Ann, cat' ? undefined : expected,
    );
  });

  test('is bounded in time and says what is wrong with an expression', async () => {
    const set = await example();
    const captionSetId = await newSet(set, { kind: 'fixed', text: `${'a'.repeat(40)}!` });
    const fault = async (find: string) =>
      (
        await set.studio.call('captions.previewReplace', {
          ...{ captionSetId, find, replace: '', regularExpression: true },
        })
      ).fault;
    expect(await fault('(a+)+$')).toContain('takes too long');
    expect(await fault('(a')).toContain('not a regular expression');
    await expect(
      set.studio.call('captions.replace', { captionSetId, find: 'a', replace: 'x'.repeat(1000) }),
    ).rejects.toMatchObject({ code: 'replace-too-long' });
  });
});

describe('tags', () => {
  test('are counted and edited', async () => {
    const set = await example();
    const captionSetId = await newSet(set, { kind: 'template', template: 'photo, ${kind}' });
    const { studio } = set;
    const tags = async () =>
      (await studio.call('captions.tags', { captionSetId })).map(({ tag, images }) => `${tag} ${images}`);
    expect(await tags()).toEqual(['photo 3', 'cat 1', 'dog 1']);
    const edit = (
      change: Parameters<typeof studio.call<'captions.editTag'>>[1]['edit'],
      imageIds?: number[],
    ) => studio.call('captions.editTag', { captionSetId, edit: change, ...(imageIds && { imageIds }) });
    expect(await edit({ kind: 'rename', tag: 'dog', to: 'cat' })).toEqual({ images: 1 });
    expect(await edit({ kind: 'add', tag: 'first', at: 'front' }, [set.ids['c.png']!])).toEqual({
      images: 1,
    });
    expect(await edit({ kind: 'remove', tag: 'photo' })).toEqual({ images: 3 });
    expect(await tags()).toEqual(['cat 2', 'first 1']);
    expect(await filesOf(studio, set.datasetId, { captionSetId, tag: 'cat' })).toEqual(['a.png', 'b.png']);
  });
});

describe('undo and redo', () => {
  type Step = (set: Example, captionSetId: number) => Promise<unknown>;
  const steps: readonly (readonly [name: string, step: Step])[] = [
    [
      'captions written and removed',
      ({ studio, ids }, captionSetId) =>
        studio.call('captions.write', {
          captionSetId,
          captions: [
            { imageId: ids['a.png']!, text: 'x' },
            { imageId: ids['b.png']!, text: null },
          ],
        }),
    ],
    [
      'a set filled anew',
      ({ studio }, captionSetId) =>
        studio.call('captions.fill', { captionSetId, source: { kind: 'hand' }, overwrite: true }),
    ],
    [
      'words replaced',
      ({ studio }, captionSetId) =>
        studio.call('captions.replace', { captionSetId, find: 'a', replace: 'b' }),
    ],
    [
      'a tag added',
      ({ studio }, captionSetId) =>
        studio.call('captions.editTag', { captionSetId, edit: { kind: 'add', tag: 'new', at: 'end' } }),
    ],
    ['a set removed', ({ studio }, captionSetId) => studio.call('captions.removeSet', { captionSetId })],
    ['a set added', async (set) => await newSet(set, { kind: 'fixed', text: 'another' })],
    [
      'a set renamed',
      ({ studio }, captionSetId) => studio.call('captions.renameSet', { captionSetId, name: 'Other' }),
    ],
    [
      'tag options',
      ({ studio }, captionSetId) =>
        studio.call('captions.setTagOptions', { captionSetId, tags: { shuffle: true, dropout: 0.5 } }),
    ],
    [
      'images excluded',
      ({ studio, ids }) => studio.call('datasets.exclude', { imageIds: [ids['a.png']!], excluded: true }),
    ],
    [
      'images held out',
      ({ studio, ids }) => studio.call('datasets.holdOut', { imageIds: [ids['c.png']!], heldOut: true }),
    ],
    [
      'a split',
      ({ studio, datasetId }) =>
        studio.call('datasets.setValidation', { datasetId, choice: { kind: 'count', count: 2 } }),
    ],
  ];

  /** All that a page can see of captions and flags. */
  async function stateOf({ studio, datasetId }: Example): Promise<unknown> {
    const sets = await studio.call('captions.sets', { datasetId });
    const captions = await Promise.all(sets.map(({ id }) => captionsOf(studio, datasetId, id)));
    const { rows } = await studio.call('datasets.images', { datasetId, query: {}, offset: 0, limit: 9 });
    const { images, excluded, heldOut, captionSets } = await studio.call('datasets.get', { datasetId });
    return { sets, captions, rows, counts: { images, excluded, heldOut, captionSets } };
  }

  test.each(steps)('go back and forth over %s', async (_name, step) => {
    const set = await example();
    const captionSetId = await newSet(set, names);
    const before = await stateOf(set);
    await step(set, captionSetId);
    const after = await stateOf(set);
    expect(after).not.toEqual(before);
    const { undo } = await set.studio.call('datasets.get', { datasetId: set.datasetId });
    for (let time = 0; time < 2; time++) {
      expect(await set.studio.call('datasets.undo', { datasetId: set.datasetId })).toEqual({ undone: undo });
      expect(await stateOf(set)).toEqual(before);
      expect(await set.studio.call('datasets.redo', { datasetId: set.datasetId })).toEqual({ redone: undo });
      expect(await stateOf(set)).toEqual(after);
    }
  });

  test('go back over all of them, after the library was opened again', async () => {
    const set = await example();
    const captionSetId = await newSet(set, names);
    const states = [await stateOf(set)];
    for (const [name, step] of steps) {
      // Later steps need the set, and something to train on.
      if (name === 'a set removed' || name === 'a split') continue;
      await step(set, captionSetId);
      const state = await stateOf(set);
      // One that has nothing to do, after those before it, leaves nothing to undo.
      if (JSON.stringify(state) !== JSON.stringify(states.at(-1))) states.push(state);
    }
    await set.studio.close();
    const again = { ...set, studio: openStudio(set.studio.library.folder) };
    for (const state of states.toReversed()) {
      expect(await stateOf(again)).toEqual(state);
      await again.studio.call('datasets.undo', { datasetId: set.datasetId });
    }
    expect(await again.studio.call('captions.sets', { datasetId: set.datasetId })).toEqual([]);
    expect(await again.studio.call('datasets.undo', { datasetId: set.datasetId })).toEqual({ undone: null });
  });

  test('forget what was undone once something else is changed, and what changed nothing', async () => {
    const set = await example();
    const captionSetId = await newSet(set, names);
    const { datasetId, studio, ids } = set;
    await studio.call('captions.write', { captionSetId, captions: [{ imageId: ids['a.png']!, text: 'x' }] });
    await studio.call('datasets.undo', { datasetId });
    await studio.call('captions.write', { captionSetId, captions: [{ imageId: ids['b.png']!, text: 'y' }] });
    expect(await studio.call('datasets.redo', { datasetId })).toEqual({ redone: null });
    await studio.call('captions.replace', { captionSetId, find: 'nowhere', replace: 'x' });
    expect((await studio.call('datasets.get', { datasetId })).undo).toBe("Caption in 'Set'");
  });

  test('keep a bounded number of changes', async () => {
    const set = await example();
    const captionSetId = await newSet(set, names);
    for (let count = 0; count < 230; count++) {
      await set.studio.call('captions.write', {
        captionSetId,
        captions: [{ imageId: set.ids['a.png']!, text: String(count) }],
      });
    }
    const kept = set.studio.library.database.prepare('SELECT count(*) FROM journal').pluck().get();
    expect(kept).toBe(200);
  });
});

describe('what is not there', () => {
  test.each([
    ['datasets.get', { datasetId: 99 }, 'dataset-unknown'],
    ['datasets.image', { imageId: 99 }, 'image-unknown'],
    ['captions.sets', { datasetId: 99 }, 'dataset-unknown'],
    ['captions.removeSet', { captionSetId: 99 }, 'caption-set-unknown'],
    ['captions.write', { captionSetId: 99, captions: [{ imageId: 1, text: '' }] }, 'caption-set-unknown'],
    ['datasets.exclude', { imageIds: [99], excluded: true }, 'image-unknown'],
  ] as const)('%s says so', async (method, input, code) => {
    const { studio } = await example();
    await expect(studio.call(method, input as InputOf<typeof method>)).rejects.toMatchObject({ code });
  });

  test('an image of another data set gets no caption', async () => {
    const set = await example();
    const captionSetId = await newSet(set, names);
    const other = await importFolder(
      set.studio,
      await fill(join(testFolder(), 'other'), { 'z.png': await picture(9) }),
    );
    const imageId = (await idsOf(set.studio, other))['z.png']!;
    await expect(
      set.studio.call('captions.write', { captionSetId, captions: [{ imageId, text: 'x' }] }),
    ).rejects.toMatchObject({ code: 'image-unknown' });
  });
});
