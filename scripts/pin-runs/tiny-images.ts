/** Small pictures to train on, drawn by arithmetic alone and written without any of Screenfold's own code. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

import type { TrainingImage } from '../../native/jobs.ts';

const captions = ['a red square on blue', 'a green circle', 'a blue stripe', 'two dots, “again”'];

/** Draws `count` pictures into the folder, spread over buckets given as [width, height]. */
export async function drawImages(
  folder: string,
  count: number,
  buckets: readonly (readonly [number, number])[],
): Promise<TrainingImage[]> {
  await mkdir(folder, { recursive: true });
  const images: TrainingImage[] = [];
  for (let i = 0; i < count; i++) {
    const id = `picture ${i}.png`;
    const [width, height] = buckets[i % buckets.length]!;
    // Larger than the bucket and of another shape, so that it is scaled and cropped.
    await writeFile(path.join(folder, id), picture(i, width + 8 + (i % 3), height + 8));
    const caption = captions[i % captions.length]!;
    images.push({
      id,
      path: path.join(folder, id),
      captions: i % 3 === 0 ? [caption, `${caption} again`] : [caption],
      width,
      height,
      ...(i === 1 && { repeats: 2 }),
    });
  }
  return images;
}

/** A PNG with a gradient and a disc; every fourth is partly transparent. */
function picture(number: number, width: number, height: number): Buffer {
  const channels = number % 4 === 3 ? 4 : 3;
  const rows = Buffer.alloc(height * (1 + width * channels));
  const [x0, y0, radius] = [8 + ((number * 7) % 20), 10 + ((number * 5) % 16), 9];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = (x - x0) ** 2 + (y - y0) ** 2 < radius ** 2;
      const color = inside
        ? [(number * 83) % 256, 255 - ((number * 47) % 256), (number * 29) % 256]
        : [(x * 5 + number * 31) % 256, (y * 5 + number * 17) % 256, 128];
      rows.set(
        channels === 4 ? [...color, inside ? 255 : 160] : color,
        y * (1 + width * channels) + 1 + x * channels,
      );
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, channels === 4 ? 6 : 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    // Not compressed, so that the file does not depend on the version of zlib.
    chunk('IDAT', deflateSync(rows, { level: 0 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
