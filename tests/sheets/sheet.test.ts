import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';

import { type Sheet, writeSheet } from '../../electron/sheets/sheet.ts';
import { readPngText } from '../../native/images/png.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { type Color, find, solid } from './colors.ts';

const folder = temporaryFolder();
const colors: readonly Color[] = [
  [250, 0, 0],
  [0, 250, 0],
  [0, 0, 250],
  [250, 250, 0],
];

async function draw(part: Partial<Sheet>, name = 'sheet.png') {
  const [a, b, c, d] = await Promise.all(colors.map((color) => solid(folder.path, color)));
  const path = join(folder.path, name);
  const size = await writeSheet(path, {
    title: 'Foxes',
    columns: [{ text: 'Base' }, { text: 'Epoch 5', note: 'loss 0.05' }],
    rows: [{ text: 'a fox', note: 'seed 1' }, { text: 'an owl' }],
    pictures: [
      [a!, b!],
      [c!, d!],
    ],
    footer: ['Trained for 5 epochs'],
    ...part,
  });
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([size.width, size.height, 3]);
  return { path, size, boxes: colors.map((color) => find(data, size.width, color)), data };
}

describe('writeSheet', () => {
  test('shows every picture whole, enlarged to one comfortable size, in rows and columns with even gutters', async () => {
    const { boxes } = await draw({});
    for (const box of boxes) expect(box.count).toBe(192 * 192);
    const [a, b, c, d] = boxes;
    expect([a!.top, c!.top]).toEqual([b!.top, d!.top]);
    expect([a!.left, b!.left]).toEqual([c!.left, d!.left]);
    expect(b!.left - a!.right).toBe(c!.top - a!.bottom);
  });

  test('fits pictures of other shapes into the same tiles, and reduces large ones', async () => {
    const wide = await solid(folder.path, [250, 0, 0], 1024, 512);
    const high = await solid(folder.path, [0, 250, 0], 256, 512);
    const { boxes } = await draw({ pictures: [[wide, high]], rows: [{ text: '' }] });
    const [first, second] = boxes;
    expect([first!.right - first!.left + 1, first!.bottom - first!.top + 1]).toEqual([384, 192]);
    expect([second!.right - second!.left + 1, second!.bottom - second!.top + 1]).toEqual([96, 192]);
  });

  test("shows a large photograph at the size of the model's own pictures", async () => {
    const [photo, a, b] = await Promise.all([
      solid(folder.path, colors[0]!, 900, 900),
      solid(folder.path, colors[1]!, 64, 64),
      solid(folder.path, colors[2]!, 64, 64),
    ]);
    const columns = ['Held out', 'Base', 'Epoch 1'].map((text) => ({ text }));
    const { boxes } = await draw({ columns, pictures: [[photo, a, b]], rows: [{ text: 'a fox' }] });
    expect(boxes.map(({ count }) => count)).toEqual([192 * 192, 192 * 192, 192 * 192, 0]);
  });

  test('leaves a blank tile where there is no picture', async () => {
    const a = await solid(folder.path, colors[0]!);
    const { boxes, data, size } = await draw({ pictures: [[a, null]], rows: [{ text: 'a fox' }] });
    expect(boxes[0]?.count).toBe(192 * 192);
    // The blank of the theme, #efede8.
    expect(find(data, size.width, [239, 237, 232]).count).toBe(192 * 192);
  });

  test('wraps long labels within their column, even without a space to break at', async () => {
    const { boxes, data, size } = await draw({
      rows: [
        { text: 'official 3d art of a very long prompt, '.repeat(9) },
        { text: 'Donaudampfschifffahrtsgesellschaft'.repeat(4) },
      ],
    });
    const tile = boxes[0]!;
    // Paper in the gap between labels and pictures, but for the tile's own hairline.
    for (let y = 0; y < size.height - 120; y++) {
      const at = 3 * (y * size.width + tile.left - 14);
      if (y > tile.top) expect([...data.subarray(at, at + 3)]).toEqual([247, 246, 243]);
    }
  });

  test('keeps small pictures as squares where asked to', async () => {
    const path = join(folder.path, 'checker.png');
    await sharp(Buffer.from([250, 0, 0, 0, 250, 0, 0, 250, 0, 250, 0, 0]), {
      raw: { width: 2, height: 2, channels: 3 },
    }).toFile(path);
    const sheet: Sheet = {
      title: 't',
      columns: [{ text: '' }],
      rows: [{ text: '' }],
      pictures: [[path]],
      footer: [],
    };
    const counts = [];
    for (const enlargement of ['pixels', 'smooth'] as const) {
      const output = join(folder.path, `${enlargement}.png`);
      const { width } = await writeSheet(output, sheet, { enlargement });
      counts.push(find(await sharp(output).raw().toBuffer(), width, [250, 0, 0]).count);
    }
    expect(counts[0]).toBe((192 * 192) / 2);
    expect(counts[1]).toBeLessThan(counts[0]!);
  });

  test('carries its recipe as text', async () => {
    const { path } = await draw({ title: 'Füchse 狐' });
    expect(await readPngText(path)).toEqual({
      Title: 'Füchse 狐',
      Description: 'Trained for 5 epochs',
      Software: 'Screenfold',
    });
  });

  test('is the same, byte for byte, whatever fonts the machine has', async () => {
    const picture = await solid(folder.path, colors[0]!);
    const none = join(folder.path, 'fonts.conf');
    await writeFile(none, '<?xml version="1.0"?><fontconfig></fontconfig>');
    const program = fileURLToPath(new URL('draw-sheet.ts', import.meta.url));
    const run = promisify(execFile);
    const [here, bare] = ['here.png', 'bare.png'].map((name) => join(folder.path, name));
    await Promise.all([
      run(process.execPath, [program, picture, here!]),
      run(process.execPath, [program, picture, bare!], { env: { ...process.env, FONTCONFIG_FILE: none } }),
    ]);
    expect((await readFile(bare!)).equals(await readFile(here!))).toBe(true);
  });

  test('takes letters no font has, and what would break XML', async () => {
    const { boxes } = await draw({
      title: '日本の狐 🦊 <&>\u0000\uD800 "quoted"',
      rows: [{ text: '狐' }, { text: '&lt;' }],
    });
    expect(boxes[0]?.count).toBe(192 * 192);
  });

  test('names a picture that cannot be read and leaves no half sheet', async () => {
    const path = join(folder.path, 'never.png');
    const broken = join(folder.path, 'broken.png');
    await writeFile(broken, 'x');
    const sheet: Sheet = {
      title: 't',
      columns: [{ text: '' }],
      rows: [{ text: '' }],
      pictures: [[broken]],
      footer: [],
    };
    await expect(writeSheet(path, sheet)).rejects.toMatchObject({ code: 'image-unreadable' });
    expect(await readdir(folder.path)).not.toContain('never.png');
  });

  test('refuses a sheet too large to look at', async () => {
    const a = await solid(folder.path, colors[0]!);
    const columns = Array.from({ length: 200 }, (_, index) => ({ text: String(index) }));
    await expect(
      draw({ columns, pictures: [columns.map(() => a)], rows: [{ text: '' }] }),
    ).rejects.toMatchObject({
      code: 'sheet-too-large',
    });
  });
});
