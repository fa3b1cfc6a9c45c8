import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { captioningFixtures, tinyTagger } from '../captioning/fixtures.ts';
import { fill, picture } from '../datasets/folder.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { screenfold } from './typed.ts';

test('a folder of images is captioned into text files beside them, and no more than once', async () => {
  const folder = await fill(temporaryFolder(), {
    'a.png': await picture(1),
    'below/b.png': await picture(2),
    'c.png': await picture(3),
    'c.txt': 'by hand',
    'broken.png': 'no picture',
  });
  const text = (name: string) => readFileSync(join(folder, name), 'utf8');
  const caption = (...more: readonly string[]) =>
    screenfold(folder, [
      ...['caption', tinyTagger, '.', '--trigger', 'mine', '--threshold', '0.1', '--device', 'cpu', ...more],
    ]);
  const first = await caption();
  expect(first.code).toBe(1);
  expect(first.error).toContain('broken.png cannot be read as an image');
  expect(first.out).toContain('2 captions written beside the images.');
  expect(text('a.txt')).toMatch(/^mine, .+\n$/);
  expect(text('below/b.txt')).toMatch(/^mine, .+\n$/);
  expect(text('c.txt')).toBe('by hand');
  expect(existsSync(join(folder, 'broken.txt'))).toBe(false);

  writeFileSync(join(folder, 'a.txt'), 'mended');
  writeFileSync(join(folder, 'broken.png'), await picture(4));
  const second = await caption();
  expect([second.code, second.error]).toEqual([0, '']);
  expect(second.out).toContain('3 images with a caption already, left as they are.');
  expect(text('a.txt')).toBe('mended');
  expect(text('broken.txt')).toMatch(/^mine, /);

  const written = await caption('--overwrite', '--exclude', 'tree,o_o', '--keep-underscores');
  expect(written.code).toBe(0);
  expect(text('a.txt')).toMatch(/^mine, /);
  expect(text('c.txt')).not.toContain('tree');
  const nothing = await screenfold(folder, ['caption', join(captioningFixtures, 'pictures'), '.']);
  expect([nothing.code, nothing.error]).toEqual([1, expect.stringContaining('holds no captioning model')]);
});
