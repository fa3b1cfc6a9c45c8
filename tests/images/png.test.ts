import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';

import { readPngText, withPngText, writePng } from '../../native/images/png.ts';
import { temporaryFolder } from './pictures.ts';

const folder = temporaryFolder();
const image = { width: 5, height: 3, rgb: Uint8Array.from({ length: 45 }, (_, index) => index * 5) };

function chunkTypes(png: Buffer): string[] {
  const types: string[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    types.push(png.toString('latin1', at + 4, at + 8));
  }
  return types;
}

function chunk(type: string, data: Buffer): Buffer {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

describe('writePng', () => {
  test('keeps every pixel and every text', async () => {
    const path = join(folder.path, 'kept.png');
    const text = {
      parameters: 'a fox\nSteps: 20, Sampler: DDIM',
      Title: 'Fuchs, größer',
      Comment: '狐 日本 🦊',
    };
    await writePng(path, image, text);
    expect(new Uint8Array(await sharp(path).raw().toBuffer())).toEqual(image.rgb);
    expect(await readPngText(path)).toEqual(text);
  });

  test('puts Latin-1 into tEXt, the rest into iTXt, and both before the pixels', async () => {
    const path = join(folder.path, 'order.png');
    await writePng(path, image, { parameters: 'größe', Comment: '日本' });
    const types = chunkTypes(await readFile(path));
    expect(types.slice(0, 3)).toEqual(['IHDR', 'tEXt', 'iTXt']);
    expect(types.indexOf('IDAT')).toBeGreaterThan(types.indexOf('iTXt'));
  });

  test('leaves no other file behind and refuses a buffer of another size', async () => {
    await expect(writePng(join(folder.path, 'no.png'), { ...image, width: 6 }, {})).rejects.toThrow('6 x 3');
    expect((await readdir(folder.path)).filter((name) => !/^(kept|order)\.png$/.test(name))).toEqual([]);
  });
});

describe('readPngText', () => {
  test('reads compressed texts, as other programs write them', async () => {
    const path = join(folder.path, 'compressed.png');
    const plain = await sharp(image.rgb, { raw: { width: 5, height: 3, channels: 3 } })
      .png()
      .toBuffer();
    const zTxt = chunk('zTXt', Buffer.concat([Buffer.from('one\0\0'), deflateSync('first')]));
    const iTxt = chunk('iTXt', Buffer.concat([Buffer.from('two\0\x01\0de\0zwei\0'), deflateSync('日本')]));
    await writeFile(path, Buffer.concat([plain.subarray(0, 33), zTxt, iTxt, plain.subarray(33)]));
    expect(await readPngText(path)).toEqual({ one: 'first', two: '日本' });
  });

  test('refuses what is no PNG, is cut anywhere, or has a wrong checksum', async () => {
    const whole = await readFile(join(folder.path, 'kept.png'));
    const path = join(folder.path, 'broken.png');
    const refused = { code: 'png-unreadable', message: expect.stringContaining(path) as unknown };
    const flipped = Buffer.from(whole);
    flipped[50]! ^= 1;
    const cuts = Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length));
    for (const bytes of [Buffer.from('GIF89a'), flipped, ...cuts]) {
      await writeFile(path, bytes);
      await expect(readPngText(path)).rejects.toMatchObject(refused);
    }
  });

  test('refuses a text that unpacks to gigabytes', async () => {
    const plain = await readFile(join(folder.path, 'kept.png'));
    const bomb = Buffer.concat([Buffer.from('bomb\0\0'), deflateSync(Buffer.alloc(64 * 1024 * 1024))]);
    const path = join(folder.path, 'bomb.png');
    await writeFile(path, Buffer.concat([plain.subarray(0, 33), chunk('zTXt', bomb), plain.subarray(33)]));
    await expect(readPngText(path)).rejects.toMatchObject({ code: 'png-unreadable' });
  });
});

describe('withPngText', () => {
  test('refuses a keyword the format cannot hold', () => {
    expect(() => withPngText(Buffer.alloc(64), { 日本: 'x' })).toThrow('keyword');
    expect(() => withPngText(Buffer.alloc(64), { ['k'.repeat(80)]: 'x' })).toThrow('keyword');
  });
});
