import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll } from 'vitest';

/** A folder that lives as long as the test file; read `.path` inside tests. */
export function temporaryFolder(): { readonly path: string } {
  const folder = { path: '' };
  beforeAll(async () => {
    folder.path = await mkdtemp(join(tmpdir(), 'screenfold-'));
  });
  afterAll(async () => {
    await rm(folder.path, { recursive: true, force: true });
  });
  return folder;
}

export type Rgb = readonly [red: number, green: number, blue: number];

/** A picture whose quarters have these colours: top left, top right, bottom left, bottom right. */
export function quarters(width: number, height: number, colors: readonly [Rgb, Rgb, Rgb, Rgb]): Sharp {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const quarter = (y * 2 < height ? 0 : 2) + (x * 2 < width ? 0 : 1);
      data.set(colors[quarter]!, 3 * (y * width + x));
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** Noise, so that an encoded body is long and every cut through it matters. */
export function noise(width: number, height: number): Sharp {
  const data = new Uint8Array(width * height * 3);
  let state = 1;
  for (let at = 0; at < data.length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    data[at] = state >>> 16;
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}
