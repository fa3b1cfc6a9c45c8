import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import sharp from 'sharp';

import { colorNames } from './color-names.ts';
import { type Emoji, plainCode, readEmoji } from './emoji-names.ts';
import { drawOnWhite, openIconSet } from './icon-set.ts';

/**
 * Noto Emoji (Google, Apache-2.0) as a captioned image folder: what the small base model learns to draw from.
 *
 *     node scripts/seedling/noto.ts [folder] [size]
 */

/** One line of the folder's `metadata.jsonl`. */
export interface NotoImage {
  readonly file_name: string;
  readonly captions: readonly string[];
  readonly name: string;
  readonly category: string;
  readonly colors: readonly string[];
  readonly skin_tone_variant: boolean;
}

/**
 * Draws every glyph that has an English name as `<code>.png` on white, `size` pixels square, beside a `metadata.jsonl`.
 * A folder already made at that size is left as it is.
 * @returns what `metadata.jsonl` holds, in Unicode's order
 */
export async function prepareNoto(folder: string, size = 64): Promise<readonly NotoImage[]> {
  const stamp = JSON.stringify({ size, edition: 1 });
  const stampFile = join(folder, 'prepared.json');
  const table = join(folder, 'metadata.jsonl');
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp) {
    return (await readFile(table, 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as NotoImage);
  }
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });

  const set = await openIconSet('noto');
  const icons = new Map(Object.entries(set.chars).map(([code, icon]) => [plainCode(code), icon]));
  const drawn = readEmoji().flatMap((emoji) => {
    const icon = icons.get(emoji.code);
    const svg = icon === undefined ? undefined : set.svgOf(icon, 4 * size);
    return svg === undefined ? [] : [{ emoji, svg }];
  });

  const images: NotoImage[] = [];
  const width = 2 * availableParallelism();
  for (let start = 0; start < drawn.length; start += width) {
    const group = drawn.slice(start, start + width);
    images.push(
      ...(await Promise.all(
        group.map(async ({ emoji, svg }) => {
          const file = `${emoji.code}.png`;
          const data = await drawOnWhite(svg, size);
          await sharp(data, { raw: { width: size, height: size, channels: 3 } })
            .png()
            .toFile(join(folder, file));
          const colors = colorNames(data);
          return {
            file_name: file,
            captions: notoCaptions(emoji, colors),
            name: emoji.name,
            category: emoji.category,
            colors,
            skin_tone_variant: emoji.skinTone,
          };
        }),
      )),
    );
  }
  await writeFile(`${table}.part`, images.map((image) => JSON.stringify(image) + '\n').join(''));
  await rename(`${table}.part`, table);
  await writeFile(stampFile, stamp);
  return images;
}

/** Several ways of saying what the glyph shows, from its bare name to name, kind, colours and tags. */
export function notoCaptions(emoji: Emoji, colors: readonly string[]): readonly string[] {
  const name = emoji.name.replace(': ', ', ').replaceAll(/[“”]/g, '').toLowerCase();
  const thing = withArticle(name);
  const words = name.split(/[\s-]+/);
  const kind = words.includes(emoji.category) ? name : `${name}, ${emoji.category}`;
  const said = new Set([...words, emoji.category, ...emoji.category.split(' ')]);
  const tags = emoji.tags.filter((tag) => /^[a-z ]{3,}$/.test(tag) && !said.has(tag)).slice(0, 3);
  const inColors = colors.length === 0 ? '' : `, ${colors.join(' and ')}`;
  return [
    ...new Set([
      name,
      thing,
      kind,
      `emoji of ${thing}${inColors}`,
      `flat art of ${kind}`,
      [kind, ...colors, ...tags].join(', '),
    ]),
  ];
}

/** `an owl`, `grapes`, `a unicorn`. */
export function withArticle(name: string): string {
  const head = name.split(/,| (?:with|without|of|in|on|from) /)[0]!;
  const plural = /^(?:people|women|men)\b|s$/.test(head) && !/(?:ss|us|is|bus|lens|bellows)$/.test(head);
  if (plural) return name;
  return `${/^(?:[aeio]|u(?!ni))/.test(name) ? 'an' : 'a'} ${name}`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder = '.screenfold/noto', size = '64'] = process.argv.slice(2);
  const images = await prepareNoto(folder, Number(size));
  const distinct = images.filter((image) => !image.skin_tone_variant).length;
  console.log(`${images.length} images in ${folder}, ${distinct} without skin tone variants`);
}
