import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { expect, test } from 'vitest';

import { checkImage } from '../../native/images/decode.ts';
import { temporaryFolder } from './pictures.ts';

const folder = temporaryFolder();

async function reasonOf(name: string, bytes: Buffer): Promise<string> {
  const path = join(folder.path, name);
  await writeFile(path, bytes);
  const refused = await checkImage(path).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Error);
  return (refused as Error).message.replace(path, name);
}

test('what is the matter with a file is said without the names of what decodes it', async () => {
  const noise = {
    create: { width: 64, height: 64, channels: 3, noise: { type: 'gaussian', mean: 120, sigma: 50 } },
  } as const;
  const whole = {
    'a.png': await sharp({ ...noise, create: { ...noise.create, background: 'red' } })
      .png()
      .toBuffer(),
    'a.jpg': await sharp({ ...noise, create: { ...noise.create, background: 'red' } })
      .jpeg()
      .toBuffer(),
    'a.webp': await sharp({ ...noise, create: { ...noise.create, background: 'red' } })
      .webp()
      .toBuffer(),
  };
  for (const [name, bytes] of Object.entries(whole)) {
    const cut = await reasonOf(`cut ${name}`, bytes.subarray(0, bytes.length / 2));
    expect(cut).toMatch(/cannot be read as an image: the file (?:ends too early|is damaged)$/);
  }
  expect(await reasonOf('text.png', Buffer.from('this is no picture at all'))).toMatch(
    /: it is no image, or one of a kind that is not known here$/,
  );
});
