import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import sharp from 'sharp';

const require = createRequire(import.meta.url);

interface IconFile {
  readonly width: number;
  readonly height: number;
  readonly icons: Readonly<Record<string, Icon>>;
  readonly aliases?: Readonly<Record<string, { readonly parent: string }>>;
}

interface Icon {
  readonly body: string;
  readonly width?: number;
  readonly height?: number;
}

/** One set of icons as Iconify publishes it on npm. */
export interface IconSet {
  readonly names: readonly string[];
  /** Code points in lower-case hexadecimal, to the icon's name; empty where the set does not say. */
  readonly chars: Readonly<Record<string, string>>;
  /** The icon of that name, or of that other name, as a whole SVG `size` pixels square; undefined where there is none. */
  readonly svgOf: (name: string, size: number) => string | undefined;
  /** The set's own groups of icons, by the name of each icon; of those that are in several, the first. */
  readonly categories: ReadonlyMap<string, string>;
}

/** @param prefix what Iconify calls the set: `noto` */
export async function openIconSet(prefix: string): Promise<IconSet> {
  const read = async <T>(file: string): Promise<T> =>
    JSON.parse(await readFile(require.resolve(`@iconify-json/${prefix}/${file}`), 'utf8')) as T;
  const set = await read<IconFile>('icons.json');
  const { categories = {} } = await read<{ readonly categories?: Readonly<Record<string, string[]>> }>(
    'metadata.json',
  );
  const byIcon = new Map<string, string>();
  for (const [category, icons] of Object.entries(categories))
    for (const icon of icons) if (!byIcon.has(icon)) byIcon.set(icon, category);
  return {
    names: Object.keys(set.icons),
    chars: await read('chars.json'),
    categories: byIcon,
    svgOf: (name, size) => {
      const icon = set.icons[name] ?? set.icons[set.aliases?.[name]?.parent ?? ''];
      if (icon === undefined) return undefined;
      const [width, height] = [icon.width ?? set.width, icon.height ?? set.height];
      return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${size}" height="${size}" viewBox="0 0 ${width} ${height}">${icon.body}</svg>`;
    },
  };
}

/** Interleaved RGB bytes of an SVG drawn on white, `size` pixels square. `svg` is given four times as large. */
export async function drawOnWhite(svg: string, size: number): Promise<Buffer> {
  // Drawn larger and scaled by Lanczos: librsvg's own edges at 64 px are harsher than a photograph's.
  return sharp(Buffer.from(svg))
    .flatten({ background: '#ffffff' })
    .resize(size, size, { kernel: 'lanczos3' })
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer();
}
