import { join } from 'node:path';

import sharp from 'sharp';

export type Color = readonly [red: number, green: number, blue: number];

/** A picture of one colour; returns its path. */
export async function solid(folder: string, [r, g, b]: Color, width = 16, height = 16): Promise<string> {
  const path = join(folder, `${r}-${g}-${b}-${width}x${height}.png`);
  await sharp({ create: { width, height, channels: 3, background: { r, g, b } } }).toFile(path);
  return path;
}

/** Where a colour is: its bounding box, and how many pixels have it to within `tolerance` a channel. */
export function find(
  rgb: Uint8Array,
  width: number,
  color: Color,
  tolerance = 0,
): { left: number; top: number; right: number; bottom: number; count: number } {
  const box = { left: Infinity, top: Infinity, right: -1, bottom: -1, count: 0 };
  for (let pixel = 0; pixel < rgb.length / 3; pixel++) {
    if (color.some((value, channel) => Math.abs(rgb[3 * pixel + channel]! - value) > tolerance)) continue;
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y);
    box.count++;
  }
  return box;
}
