import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { readFolderContents } from '../../electron/datasets/files/folder-contents.ts';
import { scanFolder } from '../../electron/datasets/files/folder-scan.ts';
import type { Engine } from '../../electron/engine/engine.ts';
import type { CaptionJob, JobEvent, PictureCaption } from '../../native/jobs.ts';
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
  expect(first.error).toMatch(/broken\.png cannot be read as an image: .+\. Get it again from/);
  expect(first.error).toContain('broken.png cannot be read as an image');
  expect(first.out).toContain('2 captions written beside the images.');
  expect(text('a.txt')).toMatch(/^mine, .+\n$/);
  expect(text('below/b.txt')).toMatch(/^mine, .+\n$/);
  expect(text('c.txt')).toBe('by hand');
  expect(existsSync(join(folder, 'broken.txt'))).toBe(false);

  writeFileSync(join(folder, 'a.txt'), 'mended');
  const killed = join(folder, 'below', 'b.txt.partial-0123456789ab');
  writeFileSync(killed, 'half');
  utimesSync(killed, 0, 0);
  writeFileSync(join(folder, 'broken.png'), await picture(4));
  const second = await caption();
  expect([second.code, second.error]).toEqual([0, '']);
  expect(second.out).toContain('3 images with a caption already, left as they are.');
  expect(text('a.txt')).toBe('mended');
  expect(existsSync(killed)).toBe(false);
  expect(text('broken.txt')).toMatch(/^mine, /);

  const written = await caption('--overwrite', '--exclude', 'tree,o_o', '--keep-underscores');
  expect(written.code).toBe(0);
  expect(text('a.txt')).toMatch(/^mine, /);
  expect(text('c.txt')).not.toContain('tree');
  const nothing = await screenfold(folder, ['caption', join(captioningFixtures, 'pictures'), '.']);
  expect([nothing.code, nothing.error]).toEqual([1, expect.stringContaining('holds no captioning model')]);
});

/** An engine that says `about` each picture, one after the other, until it is asked to stop. */
function pretendEngine(about: (path: string) => Promise<string> | string, seen: string[] = []): Engine {
  const run = async (
    { pictures }: CaptionJob,
    { onEvent, stop }: { onEvent?: (event: JobEvent) => void; stop?: AbortSignal } = {},
  ) => {
    for (const [index, path] of pictures.entries()) {
      if (stop?.aborted === true) break;
      seen.push(path);
      const captions: readonly PictureCaption[] = [{ index, text: await about(path) }];
      onEvent?.({ type: 'captions', captions });
      await wait(20);
    }
    return { kind: 'caption', captions: seen.length, seconds: 1 };
  };
  return { run: run as unknown as Engine['run'] };
}

const by = (folder: string, engine: Engine, ...more: readonly string[]) =>
  screenfold(folder, ['caption', tinyTagger, '.', ...more], engine);

test('a caption that somebody writes meanwhile is never written over, nor is what a link stands for', async () => {
  const folder = await fill(temporaryFolder(), { 'a.png': null, 'b.png': null, 'c.png': null });
  const engine = pretendEngine((path) => {
    if (path.endsWith('a.png')) {
      writeFileSync(join(folder, 'a.txt'), 'by hand');
      symlinkSync(join(folder, 'elsewhere.txt'), join(folder, 'b.txt'));
    }
    return 'by a model';
  });
  const { code, out } = await by(folder, engine);
  expect(code).toBe(0);
  expect(out).toContain('2 images given a caption by somebody else meanwhile, left as they are.');
  expect(out).toContain('1 caption written beside the images.');
  expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('by hand');
  expect(existsSync(join(folder, 'elsewhere.txt'))).toBe(false);
  expect(readFileSync(join(folder, 'c.txt'), 'utf8')).toBe('by a model\n');
  expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
});

const everywhere = {
  ...{ 'in-folder.png': null, 'captions/in-folder.txt': 'a' },
  ...{ 'dot.png': null, 'dot.caption': 'b' },
  ...{ 'whole.png': null, 'whole.png.txt': 'c' },
  ...{ 'row.png': null, 'metadata.csv': 'file_name,text\nrow.png,d\n' },
  ...{ '10_fox/zz.png': null, '10_fox/zz.jpg': null, 'new.png': null },
};

test('images with a caption of whatever kind are left out, and two of one stem have a file each', async () => {
  const folder = await fill(temporaryFolder(), everywhere);
  const seen: string[] = [];
  const first = await by(
    folder,
    pretendEngine((path) => `about ${basename(path)}`, seen),
  );
  expect(first.out).toContain('4 images with a caption already, left as they are.');
  expect(seen.map((path) => basename(path)).sort()).toEqual(['new.png', 'zz.jpg', 'zz.png']);
  expect(readFileSync(join(folder, '10_fox/zz.png.txt'), 'utf8')).toBe('about zz.png\n');
  expect(readFileSync(join(folder, '10_fox/zz.jpg.txt'), 'utf8')).toBe('about zz.jpg\n');
  expect(existsSync(join(folder, '10_fox/zz.txt'))).toBe(false);
  const second = await by(
    folder,
    pretendEngine(() => 'again'),
  );
  expect(second.out).toContain('7 images with a caption already, left as they are.');
});

test('written over, a caption is what the import then reads', async () => {
  const folder = await fill(temporaryFolder(), everywhere);
  await by(
    folder,
    pretendEngine((path) => `about ${basename(path)}`),
    '--overwrite',
  );
  const { files } = await scanFolder(folder);
  const { images, describe: about } = await readFolderContents(folder, files, null);
  for (const { id } of images) {
    expect(about(id).candidates[0], id).toEqual({ source: 'sidecar', texts: [`about ${basename(id)}`] });
  }
  expect(images).toHaveLength(7);
});

test('a caption that cannot be written ends the job and is told with its file', async () => {
  const pictures = Object.fromEntries(Array.from('abcdefghij', (name) => [`${name}.png`, null]));
  const folder = await fill(temporaryFolder(), pictures);
  mkdirSync(join(folder, 'c.txt'));
  const seen: string[] = [];
  const { code, out, error } = await by(
    folder,
    pretendEngine(() => 'a fox', seen),
  );
  expect(code).toBe(1);
  expect(out).toContain('2 captions written beside the images.');
  expect(error).toContain(`Could not write ${join(folder, 'c.txt')}`);
  expect(seen.length).toBeLessThan(10);
  expect(existsSync(join(folder, 'b.txt'))).toBe(true);
  expect(existsSync(join(folder, 'd.txt'))).toBe(false);
});

test('its help tells taggers from sentence writers, and where models are listed', async () => {
  const { out } = await screenfold(temporaryFolder(), ['caption', '--help']);
  expect(out).toContain('taggers: tags from this probability on');
  expect(out).toContain('sentence writers: length of a sentence');
  expect(out).toContain('under Captions, By a model.');
});
