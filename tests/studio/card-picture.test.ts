import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';
import { expect, test } from 'vitest';

import { mediaPaths } from '../../electron/connection/protocol.ts';
import { cardPicture } from '../../electron/models/card-picture.ts';
import { temporaryFolder } from '../runs/temporary-folder.ts';
import { openStudio } from './open-studio.ts';

async function writePicture(file: string): Promise<void> {
  await sharp({ create: { width: 2, height: 2, channels: 3, background: '#808080' } })
    .png()
    .toFile(file);
}

test('the embedded base’s card has its sheet', async () => {
  const { client, studio } = await openStudio();
  const [base] = await client.call('models.list', {});
  expect(await studio.media(mediaPaths.card(base!.id, 0))).toMatchObject({ contentType: 'image/webp' });
  expect(await studio.media(mediaPaths.card(base!.id, 99))).toBeNull();
  expect(await studio.media(mediaPaths.card(999_999, 0))).toBeNull();
});

test('pictures are counted as the card has them, and those elsewhere on the net are not', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'more pictures'));
  await writePicture(join(folder, 'one.png'));
  await writePicture(join(folder, 'more pictures', 'two.png'));
  const card =
    '![](https://example.org/net.png) ![one](one.png "a title")\n\n![two](<more%20pictures/two.png>) ![](//example.org/a.png)';
  expect(await cardPicture({ folder, card }, 0)).toMatchObject({ contentType: 'image/png' });
  expect((await cardPicture({ folder, card }, 1)).file).toMatch(/two\.png$/);
  await expect(cardPicture({ folder, card }, 2)).rejects.toMatchObject({ code: 'image-unknown' });
});

test.each([
  '../secret.png',
  '%2e%2e%2fsecret.png',
  'link.png',
  'linked/secret.png',
  'words.png',
  'gone.png',
  '.',
])('a card has no picture at %s', async (name) => {
  const outside = temporaryFolder();
  const folder = join(outside, 'model');
  mkdirSync(folder);
  await writePicture(join(outside, 'secret.png'));
  writeFileSync(join(folder, 'words.png'), 'no picture, whatever it is called');
  symlinkSync(join(outside, 'secret.png'), join(folder, 'link.png'));
  symlinkSync(outside, join(folder, 'linked'));
  await expect(cardPicture({ folder, card: `![](${name})` }, 0)).rejects.toMatchObject({
    code: 'image-unknown',
  });
});
