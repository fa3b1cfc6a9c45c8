/**
 * Draws the program's icon from `resources/icon/icon.svg` in the forms the platforms want: PNG, Windows' ICO and macOS's
 * ICNS, both of which may simply hold PNG files. `node scripts/make-icon.ts`.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import sharp from 'sharp';

const folder = fileURLToPath(new URL('../resources/icon', import.meta.url));

const draw = (side: number): Promise<Buffer> =>
  sharp(join(folder, 'icon.svg'), { density: 72 * (side / 1024) * 2 })
    .resize(side, side)
    .png({ palette: true })
    .toBuffer();

/** ICO: a header, an entry of 16 bytes for each picture (a side of 256 is written as 0), the pictures. */
function ico(pictures: readonly { readonly side: number; readonly png: Buffer }[]): Buffer {
  const header = Buffer.alloc(6 + 16 * pictures.length);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(pictures.length, 4);
  let offset = header.length;
  pictures.forEach(({ side, png }, i) => {
    const entry = 6 + 16 * i;
    header.writeUInt8(side % 256, entry);
    header.writeUInt8(side % 256, entry + 1);
    header.writeUInt16LE(1, entry + 4);
    header.writeUInt16LE(32, entry + 6);
    header.writeUInt32LE(png.length, entry + 8);
    header.writeUInt32LE(offset, entry + 12);
    offset += png.length;
  });
  return Buffer.concat([header, ...pictures.map(({ png }) => png)]);
}

/** ICNS: `icns` and the length of the whole, then for each picture its type, its length with this head, its bytes. */
function icns(pictures: readonly { readonly type: string; readonly png: Buffer }[]): Buffer {
  const chunk = (type: string, content: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.write(type, 'latin1');
    head.writeUInt32BE(8 + content.length, 4);
    return Buffer.concat([head, content]);
  };
  return chunk('icns', Buffer.concat(pictures.map(({ type, png }) => chunk(type, png))));
}

await writeFile(join(folder, 'icon.png'), await draw(512));
await writeFile(
  join(folder, 'icon.ico'),
  ico(await Promise.all([16, 32, 48, 256].map(async (side) => ({ side, png: await draw(side) })))),
);
await writeFile(
  join(folder, 'icon.icns'),
  icns(
    await Promise.all(
      [
        { type: 'ic07', side: 128 },
        { type: 'ic08', side: 256 },
        { type: 'ic09', side: 512 },
        { type: 'ic10', side: 1024 },
      ].map(async ({ type, side }) => ({ type, png: await draw(side) })),
    ),
  ),
);
