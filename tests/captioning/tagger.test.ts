import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { findCaptioner } from '../../native/captioning/captioner-files.ts';
import { openTagger, prepareForTagger } from '../../native/captioning/tagger.ts';
import { captionOfTags, readTags, type Tag } from '../../native/captioning/tags.ts';
import { usualCaptioning } from '../../native/facts/captioning.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { captioningFixtures, tinyTagger } from './fixtures.ts';

const pictures = join(captioningFixtures, 'pictures');
const names = readdirSync(pictures).sort();
const side = 48;

/** The same picture by the code that is published with the taggers, as the graph is given it. */
async function reference(file: string): Promise<Float32Array> {
  const { data } = await sharp(join(captioningFixtures, 'prepared', file))
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const bgr = new Float32Array(data.length);
  for (let at = 0; at < data.length; at++) bgr[at] = data[at - (at % 3) + 2 - (at % 3)]!;
  return bgr;
}

function furthest(one: Float32Array, other: Float32Array): number {
  expect(one).toHaveLength(other.length);
  return one.reduce((most, number, at) => Math.max(most, Math.abs(number - other[at]!)), 0);
}

describe('a picture for a tagger', () => {
  // Of CMYK Pillow makes RGB by a formula and Screenfold by a printer's profile, as it does for training: that picture is
  // another one, and the reference tells how far off it is.
  const equal = names.filter((name) => !name.includes('cmyk'));

  test('there are twelve hard ones', () => {
    expect(names).toHaveLength(12);
  });

  test.each(equal)('%s is prepared bit for bit as by the published code', async (name) => {
    const ours = await prepareForTagger(join(pictures, name), side);
    expect(furthest(ours, await reference(name.replace(/\.\w+$/, '.png')))).toBe(0);
  });

  test.each(['05-grey.png', '09-wide.png'])('%s also at the size of the published graphs', async (name) => {
    const ours = await prepareForTagger(join(pictures, name), 448);
    expect(furthest(ours, await reference(name.replace('.png', '.448.png')))).toBe(0);
  });

  test('of four inks is that in the colours it is trained in', async () => {
    const ours = await prepareForTagger(join(pictures, '12-cmyk.jpg'), side);
    const theirs = await reference('12-cmyk.png');
    const mean = ours.reduce((sum, number, at) => sum + Math.abs(number - theirs[at]!), 0) / ours.length;
    expect(mean).toBeGreaterThan(1);
    expect(mean).toBeLessThan(60);
  });
});

describe('a tiny tagger of the published architecture', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await chooseRuntime({ provider: 'cpu' });
  });
  afterAll(() => runtime.dispose());

  const { probabilities } = JSON.parse(readFileSync(join(captioningFixtures, 'tagger.json'), 'utf8')) as {
    readonly probabilities: Readonly<Record<string, readonly number[]>>;
  };
  const everything = { ...usualCaptioning, generalThreshold: 0, characterThreshold: 0 };

  test('finds each picture what PyTorch finds it, to 1e-4 of its probabilities', async () => {
    const files = await findCaptioner(tinyTagger);
    if (files.kind !== 'tagger') throw new Error('no tagger');
    const tags = await readTags(files.tags);
    const tagger = await openTagger(runtime, files);
    const session = await runtime.createSession(files.model);
    try {
      for (const name of names.filter((one) => !one.includes('cmyk'))) {
        const prepared = await tagger.prepare(join(pictures, name));
        const given = runtime.tensor('float32', [1, side, side, 3], prepared);
        const { output } = await session.run({ input: given }, ['output']);
        const expected = probabilities[name]!;
        expect(furthest(output.data as Float32Array, Float32Array.from(expected))).toBeLessThan(1e-4);
        const [caption] = await tagger.caption([prepared], usualCaptioning);
        expect(caption).toBe(captionOfTags(tags, expected, usualCaptioning));
      }
    } finally {
      await session.dispose();
      await tagger.dispose();
    }
  });

  test('says the same of a picture whichever it is looked at with', async () => {
    const files = await findCaptioner(tinyTagger);
    if (files.kind !== 'tagger') throw new Error('no tagger');
    const tagger = await openTagger(runtime, files);
    try {
      const prepared = await Promise.all(names.map((name) => tagger.prepare(join(pictures, name))));
      const alone = await Promise.all(prepared.map((one) => tagger.caption([one], everything)));
      expect(await tagger.caption(prepared.slice(0, 3), everything)).toEqual(alone.flat().slice(0, 3));
    } finally {
      await tagger.dispose();
    }
  });

  test('is refused with the tags of another one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'screenfold '));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await copyFile(join(tinyTagger, 'model.onnx'), join(folder, 'model.onnx'));
    await writeFile(join(folder, 'selected_tags.csv'), 'tag_id,name,category,count\n1,cat,0,9\n');
    const files = await findCaptioner(folder);
    if (files.kind !== 'tagger') throw new Error('no tagger');
    const tagger = await openTagger(runtime, files);
    const prepared = await tagger.prepare(join(pictures, names[0]!));
    await expect(tagger.caption([prepared], everything)).rejects.toMatchObject({
      code: 'captioner-unsupported',
    });
    await tagger.dispose();
  });
});

describe('a caption of tags', () => {
  const tags: readonly Tag[] = [
    { name: 'general', kind: 'other' },
    { name: 'long_hair', kind: 'general' },
    { name: '^_^', kind: 'general' },
    { name: 'blue_sky', kind: 'general' },
    { name: 'saber_(fate)', kind: 'character' },
  ];
  const probabilities = [0.99, 0.5, 0.9, 0.36, 0.9];

  test.each([
    ['characters first, then the surest', {}, 'saber (fate), ^_^, long hair, blue sky'],
    ['characters last', { charactersFirst: false }, '^_^, long hair, blue sky, saber (fate)'],
    ['underscores kept', { underscores: true }, 'saber_(fate), ^_^, long_hair, blue_sky'],
    ['the trigger first', { trigger: ' my style ' }, 'my style, saber (fate), ^_^, long hair, blue sky'],
    ['the trigger once', { trigger: 'long hair' }, 'long hair, saber (fate), ^_^, blue sky'],
    ['some left out', { exclude: ['Blue sky', 'saber_(fate)'] }, '^_^, long hair'],
    ['higher bounds', { generalThreshold: 0.5, characterThreshold: 0.9 }, '^_^'],
    ['nothing seen', { generalThreshold: 1, characterThreshold: 1 }, ''],
  ])('has %s', (_name, options, caption) => {
    expect(captionOfTags(tags, probabilities, { ...usualCaptioning, ...options })).toBe(caption);
  });
});
