import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { ClosableClient } from '../../electron/connection/client.ts';
import type { Captioning } from '../../electron/contract/captioners.ts';
import type { Engine } from '../../electron/engine/engine.ts';
import { startEngine } from '../../electron/engine/engine-process.ts';
import { usualCaptioning } from '../../native/facts/captioning.ts';
import { Failure } from '../../native/failure.ts';
import { tinyTagger } from '../captioning/fixtures.ts';
import { fill, picture } from '../datasets/folder.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { openStudio } from '../studio/open-studio.ts';

const options = { ...usualCaptioning, exclude: [], generalThreshold: 0.1, trigger: 'mine' };

interface Example {
  readonly client: ClosableClient;
  readonly datasetId: number;
  readonly captionerId: number;
  readonly folder: string;
  readonly ids: readonly number[];
}

async function example(count = 6, engine: Engine = startEngine()): Promise<Example> {
  const { client } = await openStudio({ engine });
  await client.call('system.changeSettings', { change: { provider: 'cpu' } });
  const folder = await fill(
    temporaryFolder(),
    Object.fromEntries(
      await Promise.all(
        Array.from({ length: count }, async (_, at) => [`${at}.png`, await picture(at + 1)] as const),
      ),
    ),
  );
  const { datasetId } = await client.call('datasets.import', { paths: [folder] });
  await until(async () => !(await client.call('datasets.get', { datasetId })).importing);
  const { captionerId } = await client.call('captioners.add', { path: tinyTagger });
  const { rows } = await client.call('datasets.images', { datasetId, query: {}, offset: 0, limit: 1000 });
  return { client, datasetId, captionerId, folder, ids: rows.map(({ id }) => id) };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('It did not come to that.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const source = ({ captionerId }: Example) => ({ kind: 'model', captionerId, options }) as const;
const work = ({ client, datasetId }: Example) => client.call('captioners.work', { datasetId });
const isDone = (set: Example) =>
  until(async () => (await work(set)).every(({ status }) => status === 'finished'));

async function captionsOf(set: Example, captionSetId: number): Promise<readonly (string | null)[]> {
  const { rows } = await set.client.call('datasets.images', {
    ...{ datasetId: set.datasetId, offset: 0, limit: 1000 },
    query: { captionSetId },
  });
  return rows.map(({ caption }) => caption);
}

async function newSet(set: Example, more: object = {}): Promise<number> {
  const { datasetId } = set;
  const made = await set.client.call('captions.createSet', {
    ...{ datasetId, name: 'By a tagger', source: source(set) },
    ...more,
  });
  return made.captionSetId;
}

describe('a caption set by a model', () => {
  test('gets a caption for each image, behind, and is undone and redone as a whole', async () => {
    const set = await example();
    const told: Captioning[] = [];
    set.client.on('captioners.progress', (one) => told.push(one));
    const id = await newSet(set);
    await isDone(set);
    const captions = await captionsOf(set, id);
    expect(captions).toHaveLength(6);
    for (const caption of captions) expect(caption).toMatch(/^mine, /);
    expect(told.map(({ done }) => done)).toEqual([...told.map(({ done }) => done)].sort((a, b) => a - b));
    expect(told.at(-1)).toMatchObject({ total: 6, failed: 0, captioner: 'tagger' });
    const { datasetId } = set;
    await set.client.call('datasets.undo', { datasetId });
    expect(await set.client.call('captions.sets', { datasetId })).toEqual([]);
    await set.client.call('datasets.redo', { datasetId });
    expect(await captionsOf(set, id)).toEqual(captions);
  });

  test('may be of a selection; what was written by hand meanwhile stays', async () => {
    const set = await example();
    const id = await newSet(set, { imageIds: set.ids.slice(0, 3) });
    await set.client.call('captions.write', {
      captionSetId: id,
      captions: [{ imageId: set.ids[2]!, text: 'by hand' }],
    });
    await isDone(set);
    const captions = await captionsOf(set, id);
    expect(captions[2]).toBe('by hand');
    expect(captions.map((caption) => caption === null)).toEqual([false, false, false, true, true, true]);
  });

  test('filled anew keeps what is of hand unless told otherwise, and goes back to what was there', async () => {
    const set = await example();
    const { client, datasetId } = set;
    const { captionSetId } = await client.call('captions.createSet', {
      ...{ datasetId, name: 'Words', source: { kind: 'fixed', text: 'words' } },
    });
    await client.call('captions.write', {
      captionSetId,
      captions: [{ imageId: set.ids[0]!, text: 'by hand' }],
    });
    await client.call('captions.write', { captionSetId, captions: [{ imageId: set.ids[1]!, text: null }] });
    const before = await captionsOf(set, captionSetId);
    for (const overwrite of [false, true]) {
      await client.call('captions.fill', { captionSetId, source: source(set), overwrite });
      await isDone(set);
      const after = await captionsOf(set, captionSetId);
      expect(after.map((caption) => caption?.startsWith('mine'))).toEqual([
        overwrite,
        ...[1, 2, 3, 4, 5].map(() => true),
      ]);
      await client.call('datasets.undo', { datasetId });
      expect(await captionsOf(set, captionSetId)).toEqual(before);
    }
  });

  test('leaves out an image that cannot be read, says so, and tries it again when asked', async () => {
    const set = await example();
    const broken = join(set.folder, '3.png');
    rmSync(broken);
    const id = await newSet(set);
    await isDone(set);
    expect(await work(set)).toMatchObject([{ status: 'finished', done: 5, failed: 1, total: 6 }]);
    expect((await work(set))[0]!.failure?.message).toContain('3.png');
    writeFileSync(broken, await picture(4));
    await set.client.call('captioners.resume', { captionSetId: id });
    await until(async () => (await work(set)).length === 0);
    expect(await captionsOf(set, id)).not.toContain(null);
  });

  test('goes on after an engine that died, and stops when its work is undone', async () => {
    const real = startEngine();
    let tries = 0;
    const dies: Engine = {
      run: (job, run) => {
        if (job.kind !== 'caption') return real.run(job, run);
        tries += 1;
        if (tries > 1) return real.run(job, run);
        run?.onEvent?.({ type: 'captions', captions: [{ index: 0, text: 'first' }] });
        return Promise.reject(new Failure('engine-died', 'The engine ended.', 'Try again.'));
      },
    };
    const set = await example(6, dies);
    const id = await newSet(set);
    await until(async () => (await work(set))[0]?.status === 'failed');
    expect(await work(set)).toMatchObject([{ done: 1, total: 6, failure: { code: 'engine-died' } }]);
    await set.client.call('captioners.resume', { captionSetId: id });
    await until(async () => (await work(set)).length === 0);
    const captions = await captionsOf(set, id);
    expect(captions[0]).toBe('first');
    expect(captions).not.toContain(null);
  });

  test('is paused, goes on and is left where it is', async () => {
    const set = await example(300);
    const id = await newSet(set);
    await until(async () => ((await work(set))[0]?.done ?? 0) > 0);
    await set.client.call('captioners.pause', { captionSetId: id });
    const paused = (await work(set))[0]!;
    expect(paused).toMatchObject({ status: 'paused', total: 300 });
    const count = async () => (await captionsOf(set, id)).filter((caption) => caption !== null).length;
    expect(await count()).toBe(paused.done);
    await set.client.call('captioners.resume', { captionSetId: id });
    await until(async () => ((await work(set))[0]?.done ?? 300) > paused.done);
    await set.client.call('captioners.cancel', { captionSetId: id });
    expect(await work(set)).toEqual([]);
    const left = await count();
    expect(left).toBeGreaterThan(paused.done);
    await set.client.call('datasets.undo', { datasetId: set.datasetId });
    expect(await set.client.call('captions.sets', { datasetId: set.datasetId })).toEqual([]);
  });
});

describe('a caption set that goes while a model captions it', () => {
  test('comes back by undo and is captioned to its end, however often it goes', async () => {
    const set = await example(60);
    const { client, datasetId } = set;
    const id = await newSet(set);
    await until(async () => ((await work(set))[0]?.done ?? 0) > 0);
    await client.call('captions.removeSet', { captionSetId: id });
    expect(await work(set)).toEqual([]);
    for (const step of ['undo', 'redo', 'undo'] as const)
      await client.call(`datasets.${step}`, { datasetId });
    await isDone(set);
    const captions = await captionsOf(set, id);
    expect(captions).toHaveLength(60);
    expect(captions).not.toContain(null);
  });

  test('by undoing that it was made, is captioned once that is redone', async () => {
    const set = await example(60);
    const { client, datasetId } = set;
    await newSet(set);
    await client.call('datasets.undo', { datasetId });
    expect(await work(set)).toEqual([]);
    await client.call('datasets.redo', { datasetId });
    await isDone(set);
    const [made] = await client.call('captions.sets', { datasetId });
    expect(await captionsOf(set, made!.id)).not.toContain(null);
  });
});

describe('a captioning model', () => {
  test('is tried on three images, and listed until it is removed', async () => {
    const set = await example();
    const { client, datasetId, captionerId } = set;
    const { captions } = await client.call('captioners.try', { captionerId, datasetId, options });
    expect(captions.map(({ file, text }) => [file, text.startsWith('mine, ')])).toEqual([
      ...[
        ['0.png', true],
        ['2.png', true],
        ['4.png', true],
      ],
    ]);
    expect(await client.call('captioners.list', {})).toMatchObject([
      { id: captionerId, name: 'tagger', kind: 'tagger', folder: tinyTagger, missing: false },
    ]);
    expect(await client.call('captioners.add', { path: tinyTagger })).toEqual({ captionerId });
    await client.call('captioners.remove', { captionerId });
    expect(await client.call('captioners.list', {})).toEqual([]);
    const id = await newSet(set);
    await until(async () => (await work(set))[0]?.status === 'failed');
    expect((await work(set))[0]!.failure?.code).toBe('captioner-missing');
    await client.call('captioners.cancel', { captionSetId: id });
  });

  test('of a folder that holds none is refused, with what is missing', async () => {
    const { client } = await openStudio();
    const folder = await fill(temporaryFolder(), { 'selected_tags.csv': 'tag_id,name,category,count\n' });
    await expect(client.call('captioners.add', { path: folder })).rejects.toMatchObject({
      code: 'captioner-incomplete',
      message: expect.stringContaining('model.onnx') as string,
    });
    await expect(client.call('captioners.add', { path: temporaryFolder() })).rejects.toMatchObject({
      code: 'captioner-unknown',
    });
  });
});
