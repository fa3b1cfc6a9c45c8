import sharp, { type OverlayOptions } from 'sharp';

import { type ImageSize, readImageSize, readRgb } from '../../native/images/decode.ts';
import { blank, hairline } from './theme.ts';

/** `pixels` keeps every pixel a square; `smooth` interpolates with Lanczos. */
export type Enlargement = 'smooth' | 'pixels';

/** Sides between which pictures are comfortable to compare side by side. */
const smallest = 192;
const largest = 384;

/**
 * The size all pictures of a sheet are shown at: the most frequent among them, doubled, tripled and so on where it is
 * small, and reduced where it is large; of equally frequent ones the largest. So a photograph beside what the model makes
 * of its caption is shown at the model's size. Null paths are places without a picture.
 * @throws Failure `image-unreadable`
 */
export async function tileSize(paths: readonly (string | null)[]): Promise<ImageSize> {
  const sizes = await Promise.all(paths.filter((path) => path !== null).map(readImageSize));
  const groups = [...Map.groupBy(sizes, ({ width, height }) => `${width}x${height}`).values()];
  const area = ([size]: readonly ImageSize[]) => size!.width * size!.height;
  const [most] = groups.sort((a, b) => b.length - a.length || area(b) - area(a));
  const { width, height } = most?.[0] ?? { width: smallest, height: smallest };
  const side = Math.max(width, height);
  const scale = side < smallest ? Math.ceil(smallest / side) : Math.min(1, largest / side);
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

/**
 * A picture scaled to fit into a tile at `left`, `top`, centred.
 * @throws Failure `image-unreadable`
 */
export async function placePicture(
  path: string,
  left: number,
  top: number,
  tile: ImageSize,
  enlargement: Enlargement,
): Promise<OverlayOptions> {
  const size = await readImageSize(path);
  const scale = Math.min(tile.width / size.width, tile.height / size.height);
  const width = Math.max(1, Math.round(size.width * scale));
  const height = Math.max(1, Math.round(size.height * scale));
  const enlarged = enlargement === 'pixels' && scale > 1;
  const source = enlarged ? size : { width, height };
  const rgb = await readRgb(path, source);
  const picture = sharp(rgb, { raw: { ...source, channels: 3 } });
  return {
    input: await (enlarged ? picture.resize(width, height, { kernel: 'nearest', fit: 'fill' }) : picture)
      .png({ compressionLevel: 1 })
      .toBuffer(),
    left: Math.round(left + (tile.width - width) / 2),
    top: Math.round(top + (tile.height - height) / 2),
  };
}

/** The edge of a tile, so that white pictures end somewhere; filled where there is no picture. */
export function frameToSvg(left: number, top: number, tile: ImageSize, filled: boolean): string {
  return (
    `<rect x="${left - 0.5}" y="${top - 0.5}" width="${tile.width + 1}" height="${tile.height + 1}" ` +
    `fill="${filled ? 'none' : blank}" stroke="${hairline}"/>`
  );
}
