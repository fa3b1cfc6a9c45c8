import { join } from 'node:path';

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';

import { type Animation, writeAnimation } from '../../electron/sheets/animation.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { type Color, find, solid } from './colors.ts';

const folder = temporaryFolder();
const red: Color = [250, 0, 0];
const blue: Color = [0, 0, 250];

async function animation(): Promise<Animation> {
  const [a, b] = await Promise.all([solid(folder.path, red), solid(folder.path, blue)]);
  return {
    title: 'Foxes',
    captions: [{ text: 'a fox', note: 'seed 1' }, { text: 'an owl' }],
    frames: [
      { label: 'Base', pictures: [a, null] },
      { label: 'Epoch 1', pictures: [a, a] },
      { label: 'Epoch 5', pictures: [b, a] },
    ],
  };
}

describe.each(['gif', 'webp'])('writeAnimation as %s', (format) => {
  test('makes one frame an epoch, repeats for ever and rests on the last', async () => {
    const path = join(folder.path, `moving.${format}`);
    const size = await writeAnimation(path, await animation(), { secondsPerFrame: 0.5, secondsAtEnd: 2 });
    const info = await sharp(path, { pages: -1 }).metadata();
    expect(info).toMatchObject({ format, pages: 3, loop: 0, delay: [500, 500, 2000], width: size.width });
    expect(info.pageHeight).toBe(size.height);
    for (const [page, reds, blues] of [
      [0, 1, 0],
      [1, 2, 0],
      [2, 1, 1],
    ] as const) {
      const rgb = await sharp(path, { page }).removeAlpha().raw().toBuffer();
      // A palette and lossy compression may move a flat colour by some levels, most near edges.
      for (const [color, tiles] of [
        [red, reds],
        [blue, blues],
      ] as const) {
        const { count } = find(rgb, size.width, color, 24);
        expect(Math.abs(count - tiles * 192 * 192)).toBeLessThan(0.05 * 192 * 192);
      }
    }
  });
});

describe('writeAnimation', () => {
  test('keeps frames that are alike, so that every epoch has its time', async () => {
    const { title, captions, frames } = await animation();
    const same = [frames[0]!, { ...frames[0]! }, { ...frames[0]! }];
    const path = join(folder.path, 'still.gif');
    await writeAnimation(path, { title, captions, frames: same });
    expect((await sharp(path).metadata()).pages).toBe(3);
  });

  test('takes a single frame', async () => {
    const { title, captions, frames } = await animation();
    const path = join(folder.path, 'single.gif');
    const size = await writeAnimation(path, { title, captions, frames: frames.slice(0, 1) });
    expect(await sharp(path).metadata()).toMatchObject({ format: 'gif', ...size });
  });

  test('refuses another format by name', async () => {
    await expect(writeAnimation(join(folder.path, 'moving.mp4'), await animation())).rejects.toMatchObject({
      code: 'animation-format',
      message: expect.stringContaining('moving.mp4') as unknown,
    });
  });
});
