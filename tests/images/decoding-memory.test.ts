import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

import { describe, expect, test } from 'vitest';

import { checkImage, readImageSize, readRgb, shrinkImage } from '../../native/images/decode.ts';
import { withinBudget } from '../../native/images/decoding-memory.ts';
import { temporaryFolder } from './pictures.ts';

const folder = temporaryFolder();

interface Claim {
  readonly width: number;
  readonly height: number;
  readonly depth?: 8 | 16;
  readonly interlaced?: boolean;
}

/** A PNG of RGBA whose header says this and whose body is short. */
function claimingPng({ width, height, depth = 8, interlaced = false }: Claim): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, 6, 0, 0, interlaced ? 1 : 0], 8);
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(64))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('a small file that claims a large picture', () => {
  test.each<[string, Claim, string]>([
    ['a side', { width: 10_000_000, height: 24 }, '10000000 x 24 pixels, and a side may have 32767'],
    ['the other side', { width: 24, height: 10_000_000 }, '24 x 10000000 pixels'],
    ['its pixels', { width: 30_000, height: 30_000 }, '900 million, and 268 million are read'],
    [
      'what it would hold at once',
      { width: 16_000, height: 16_000, depth: 16, interlaced: true },
      'it would take 2.0 GB of memory, and 1.1 GB are allowed',
    ],
  ])('is refused by %s, at once and with nothing held for it', async (name, claim, words) => {
    const bytes = claimingPng(claim);
    expect(bytes.length).toBeLessThan(200);
    const path = join(folder.path, `${name}.png`);
    await writeFile(path, bytes);
    const before = process.memoryUsage.rss();
    const failure = {
      code: 'image-unreadable',
      message: expect.stringContaining(words) as unknown,
      hint: expect.stringContaining('smaller') as unknown,
    };
    await expect(readImageSize(path)).rejects.toMatchObject(failure);
    await expect(checkImage(path)).rejects.toMatchObject(failure);
    await expect(readRgb(path, { width: 8, height: 8 })).rejects.toMatchObject(failure);
    await expect(shrinkImage(bytes, path, 256)).rejects.toMatchObject(failure);
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 2 ** 20);
  });

  test('is read where it is a large picture indeed', async () => {
    const path = join(folder.path, 'large.png');
    await writeFile(path, claimingPng({ width: 12_000, height: 9000, depth: 16 }));
    expect(await readImageSize(path)).toEqual({ width: 12_000, height: 9000 });
  });
});

describe('what is decoded at once', () => {
  const mib = 2 ** 20;

  test('holds no more than half a GiB together; a larger picture is decoded by itself', async () => {
    let [now, most] = [0, 0];
    const sizes = [200, 200, 200, 900, 100, 300, 200, 10];
    await Promise.all(
      sizes.map((size) =>
        withinBudget(size * mib, async () => {
          now += size;
          most = Math.max(most, size === 900 ? 0 : now);
          if (size === 900) expect(now).toBe(900);
          await new Promise((resolve) => setTimeout(resolve, 5));
          now -= size;
        }),
      ),
    );
    expect(now).toBe(0);
    expect(most).toBeGreaterThan(300);
    expect(most).toBeLessThanOrEqual(512);
  });

  test('goes on after work that failed', async () => {
    const failed = withinBudget(512 * mib, () => Promise.reject(new Error('no picture')));
    const next = withinBudget(512 * mib, () => Promise.resolve('read'));
    await expect(failed).rejects.toThrow('no picture');
    expect(await next).toBe('read');
  });
});
