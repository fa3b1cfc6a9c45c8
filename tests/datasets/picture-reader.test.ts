import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';

import sharp from 'sharp';
import { describe, expect, onTestFinished, test } from 'vitest';

import type { FromPictures, ToPictures } from '../../electron/datasets/files/picture-messages.ts';
import {
  createPictureReader,
  type PictureReader,
  type PictureReaderOptions,
  readHere,
  type StartPictureProcess,
} from '../../electron/datasets/files/picture-reader.ts';
import { startUtilityPictures } from '../../electron/shell/utility-pictures.ts';
import { noise } from '../images/pictures.ts';
import { forkAsElectron } from '../shell/fork-as-electron.ts';
import { fill, picture } from './folder.ts';
import { filesOf, importFolder, openStudio, testFolder } from './studio.ts';

const entry = fileURLToPath(new URL('../../electron/datasets/files/picture-process.ts', import.meta.url));

function reader(options: PictureReaderOptions): PictureReader {
  const made = createPictureReader(options);
  onTestFinished(made.close);
  return made;
}

/** An interlaced PNG of 16 bits, which is held whole while it is decoded. */
function heavyPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([16, 6, 0, 0, 1], 8);
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  // Seven passes, each row with a byte for its filter in front.
  const body = Buffer.alloc(8 * width * height + 16 * height);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(body, { level: 1 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const starts: readonly (readonly [string, StartPictureProcess | undefined])[] = [
  ['Node', undefined],
  ['Electron', startUtilityPictures(forkAsElectron, entry)],
];

describe.each(starts)('pictures decoded in a process of %s', (_, start) => {
  const given = start === undefined ? {} : { start };

  test('are known as those decoded here', async () => {
    const folder = await fill(testFolder(), {
      'a.png': await picture(1, 300, 200),
      'torn.jpg': (await noise(64, 64).jpeg().toBuffer()).subarray(0, 1000),
    });
    const pictures = reader(given);
    const path = join(folder, 'a.png');
    const found = await pictures.read(path, join(folder, 'a.webp'));
    const here = await readHere.read(path, join(folder, 'b.webp'));
    expect({ ...found, perceptualHash: [...found.perceptualHash] }).toEqual({
      ...here,
      perceptualHash: [...here.perceptualHash],
    });
    expect(await sharp(join(folder, 'a.webp')).metadata()).toMatchObject({ format: 'webp', width: 256 });
    await pictures.convert(path, join(folder, 'shown.webp'));
    expect(await sharp(join(folder, 'shown.webp')).metadata()).toMatchObject({ width: 300 });
    for (const [name, code] of [
      ['torn.jpg', 'image-unreadable'],
      ['gone.png', 'image-unreadable'],
    ] as const) {
      await expect(pictures.read(join(folder, name), join(folder, 'c.webp'))).rejects.toMatchObject({
        name: 'Failure',
        code,
        message: expect.stringContaining(name) as unknown,
      });
    }
  });

  test('cost themselves alone where they take too much memory', async () => {
    const folder = testFolder();
    const heavy = join(folder, 'heavy.png');
    await writeFile(heavy, heavyPng(6000, 6000));
    const light = await Promise.all(
      Array.from({ length: 8 }, async (__, at) => {
        const path = join(folder, `${at}.png`);
        await writeFile(path, await picture(at));
        return path;
      }),
    );
    const pictures = reader({ ...given, mostBytes: 250 * 2 ** 20 });
    const results = await Promise.allSettled(
      [...light.slice(0, 4), heavy, ...light.slice(4)].map((path) => pictures.read(path, `${path}.webp`)),
    );
    expect(results.map(({ status }) => status)).toEqual([
      ...['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected'],
      ...['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled'],
    ]);
    expect(results[4]).toMatchObject({
      reason: { code: 'image-unreadable', message: expect.stringContaining('262 MB of memory') as unknown },
    });
    await expect(pictures.read(light[0]!, join(folder, 'again.webp'))).resolves.toMatchObject({ width: 12 });
  }, 60_000);
});

/** A process that reads what is called anything but these names, and begins anew where it ends. */
function pretend(options: {
  readonly crashing?: string;
  readonly hanging?: string;
  readonly starts?: boolean;
}) {
  const log: string[] = [];
  const start: StartPictureProcess = () => {
    log.push('start');
    let onMessage: (message: FromPictures) => void = () => undefined;
    let onEnd: (code: number | null, signal: string | null) => void = () => undefined;
    let gone = false;
    const end = (code: number | null, signal: string | null) => {
      if (gone) return;
      gone = true;
      setImmediate(() => {
        onEnd(code, signal);
      });
    };
    if (options.starts === false) end(1, null);
    else
      setImmediate(() => {
        onMessage({ kind: 'ready' });
      });
    return {
      send: ({ id, path }: ToPictures) => {
        log.push(path);
        const work = () => {
          if (gone || path === options.hanging) return;
          if (path === options.crashing) end(null, 'SIGSEGV');
          else {
            const contentHash = path;
            const facts = { width: 1, height: 1, bytes: 1, contentHash, perceptualHash: new Uint8Array(20) };
            onMessage({ kind: 'done', id, picture: facts });
          }
        };
        setTimeout(work, path === options.crashing ? 5 : 10);
      },
      onMessage: (listener) => (onMessage = listener),
      onEnd: (listener) => (onEnd = listener),
      kill: () => {
        log.push('kill');
        end(null, 'SIGKILL');
      },
    };
  };
  return { start, log };
}

describe('a process that ends', () => {
  test('by a crash is begun anew, and only the picture that made it crash is refused', async () => {
    const { start, log } = pretend({ crashing: 'bad' });
    const pictures = reader({ start });
    const read = ['a', 'bad', 'b'].map((name) => pictures.read(name, ''));
    const after = Promise.allSettled(read);
    await expect(read[1]).rejects.toMatchObject({
      code: 'image-unreadable',
      message: 'bad cannot be read as an image: its decoder failed on it',
    });
    expect((await after).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(log.filter((line) => line === 'start')).toHaveLength(3);
    expect((await pictures.read('c', '')).contentHash).toBe('c');
  });

  test('because a picture takes too long is begun anew', async () => {
    const { start, log } = pretend({ hanging: 'slow' });
    const pictures = reader({ start, seconds: 0.1 });
    const results = await Promise.allSettled(['a', 'slow', 'b'].map((name) => pictures.read(name, '')));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({
      reason: { message: expect.stringContaining('takes longer than 0.1 seconds') as unknown },
    });
    expect(log).toContain('kill');
  });

  test('before it could begin is no fault of a picture', async () => {
    const pictures = reader({ start: pretend({ starts: false }).start });
    const failed = pictures.read('a', '');
    await expect(failed).rejects.toThrow('does not start');
    await expect(failed).rejects.not.toHaveProperty('code');
  });

  test('is let go after a while without work, and comes again with work', async () => {
    const { start, log } = pretend({});
    const pictures = reader({ start, idleSeconds: 0.05 });
    await pictures.read('a', '');
    await expect.poll(() => log.at(-1)).toBe('kill');
    expect((await pictures.read('b', '')).contentHash).toBe('b');
    expect(log).toEqual(['start', 'a', 'kill', 'start', 'b']);
  });
});

test('an import with a picture that fills the memory has all others', async () => {
  const folder = await fill(join(testFolder(), 'set'), {
    'a.png': await picture(1),
    'b.png': heavyPng(6000, 6000),
    'c.png': await picture(3),
  });
  const pictures = reader({ mostBytes: 250 * 2 ** 20 });
  const studio = openStudio(undefined, { pictures });
  const datasetId = await importFolder(studio, folder);
  expect(await filesOf(studio, datasetId)).toEqual(['a.png', 'c.png']);
  const [problem] = await studio.call('datasets.problems', { datasetId });
  expect(problem).toMatchObject({ file: 'b.png', failure: { code: 'image-unreadable' } });
  const { rows } = await studio.call('datasets.images', { datasetId, query: {}, offset: 0, limit: 9 });
  for (const { id } of rows) {
    expect(existsSync((await studio.datasets.thumbnailFile(id)).path)).toBe(true);
  }
}, 60_000);
