import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';
import { expect, test } from 'vitest';

import { noise } from '../images/pictures.ts';
import { fill, picture } from './folder.ts';
import { filesOf, importFolder, openStudio, testFolder } from './studio.ts';

/** The same on every machine. */
function random(): () => number {
  let state = 99;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

test('files cut or damaged anywhere are images or problems, and the rest is read', async () => {
  const draw = random();
  const image = noise(24, 24);
  const originals = {
    png: await image.clone().png().toBuffer(),
    jpg: await image.clone().jpeg().toBuffer(),
    webp: await image.clone().webp().toBuffer(),
    gif: await image.clone().gif().toBuffer(),
    tiff: await image.clone().tiff().toBuffer(),
  };
  const files: Record<string, Uint8Array | string | null> = { 'good.png': null };
  for (const [type, bytes] of Object.entries(originals)) {
    for (let count = 0; count < 12; count++) {
      const damaged = Buffer.from(bytes.subarray(0, Math.ceil(draw() * bytes.length)));
      for (let hit = 0; hit < 3; hit++)
        damaged[Math.floor(draw() * damaged.length)] = Math.floor(draw() * 256);
      files[`${type} ${count}.${type}`] = damaged;
    }
  }
  files['huge.bmp'] = Buffer.from(
    '424dffffffff0000000036000000280000ffffff7fffffff7f0100180000000000',
    'hex',
  );
  files['good.txt'] = Buffer.from([0xff, 0xfe, 0x00, 0xd8]);
  files['metadata.csv'] = 'file_name,"unclosed\ngood.png';
  files['broken.jsonl'] = '{"file_name": "good.png"\n[]\nnull\n';
  const studio = openStudio();
  const datasetId = await importFolder(studio, await fill(join(testFolder(), 'set'), files));

  const kept = await filesOf(studio, datasetId);
  expect(kept).toContain('good.png');
  const problems = await studio.call('datasets.problems', { datasetId });
  const named = new Set([...kept, ...problems.map(({ file }) => file)]);
  const images = Object.keys(files).filter((name) => /\.(?:png|jpg|webp|gif|tiff|bmp)$/.test(name));
  for (const name of images) expect(named).toContain(name);
  expect(problems.map(({ file }) => file)).toEqual(
    expect.arrayContaining(['good.txt', 'metadata.csv', 'huge.bmp']),
  );
  expect(studio.progress().at(-1)?.phase).toBe('finished');
});

test('metadata with odd names, values and markup is data', async () => {
  const odd = {
    ...{ file_name: 'a.png', constructor: 'x', "'; DROP TABLE image; --": 'y' },
    ...{ nested: { deep: 1 }, list: ['one', 2, null], text: '<img src=x onerror=alert(1)>' },
  };
  const folder = await fill(join(testFolder(), 'set'), { 'a.png': await picture(1) });
  const line = JSON.stringify(odd).replace('{', '{"__proto__": "z", ');
  writeFileSync(join(folder, 'metadata.jsonl'), `${line}\n`);
  const studio = openStudio();
  const datasetId = await importFolder(studio, folder);
  const [set] = await studio.call('captions.sets', { datasetId });
  const { rows } = await studio.call('datasets.images', {
    ...{ datasetId, offset: 0, limit: 1 },
    query: { captionSetId: set!.id },
  });
  expect(rows[0]?.caption).toBe('<img src=x onerror=alert(1)>');
  const { metadata } = await studio.call('datasets.image', { imageId: rows[0]!.id });
  expect(metadata).toMatchObject({ constructor: 'x', list: ['one', '2'] });
  expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
});

test('a picture of one pixel, a long one and an animation have thumbnails', async () => {
  const frame = { create: { width: 40, height: 80, channels: 3, background: 'red' } } as const;
  const folder = await fill(join(testFolder(), 'set'), {
    'one.png': await picture(1, 1, 1),
    'long.png': await picture(2, 3000, 2),
    'grey.png': await noise(9, 9).greyscale().png().toBuffer(),
    'deep.png': await noise(9, 9).toColourspace('rgb16').png().toBuffer(),
    'moving.gif': await sharp(await sharp(frame).png().toBuffer())
      .gif()
      .toBuffer(),
  });
  const studio = openStudio();
  const datasetId = await importFolder(studio, folder);
  expect(await studio.call('datasets.problems', { datasetId })).toEqual([]);
  const { rows } = await studio.call('datasets.images', { datasetId, query: {}, offset: 0, limit: 9 });
  for (const { id, width, height } of rows) {
    const { path } = await studio.datasets.thumbnailFile(id);
    const small = await sharp(path).metadata();
    expect(small.width).toBeLessThanOrEqual(Math.min(256, width));
    expect(small.height).toBeLessThanOrEqual(Math.min(256, height));
  }
});
