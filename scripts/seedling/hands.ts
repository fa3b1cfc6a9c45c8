import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import sharp from 'sharp';

import { colorNames } from './color-names.ts';
import { type Emoji, plainCode, readEmoji } from './emoji-names.ts';
import { drawOnWhite, type IconSet, openIconSet } from './icon-set.ts';

/** Somebody's way of drawing the same things. */
export interface Hand {
  /** What Iconify calls the set, in the npm package `@iconify-json/<prefix>`. */
  readonly prefix: string;
  /** What captions call it. */
  readonly said: string;
  readonly license: 'Apache-2.0' | 'CC-BY-4.0' | 'MIT';
}

/** What the base learns beside Noto, its own hand. */
export const taughtHands: readonly Hand[] = [
  { prefix: 'noto-v1', said: 'blob', license: 'Apache-2.0' },
  { prefix: 'twemoji', said: 'twemoji', license: 'CC-BY-4.0' },
  { prefix: 'emojione', said: 'emojione', license: 'CC-BY-4.0' },
  { prefix: 'fluent-emoji-flat', said: 'fluent', license: 'MIT' },
];

/**
 * What it never sees, so that the report can ask how a hand is learned that it does not know. Fluent's 3D emoji are the third;
 * their flat sisters, which the base does see, have the same outlines.
 */
export const heldOutHands = {
  /** Drawn in black outlines, which none of the others has: what the report finetunes on. */
  report: { prefix: 'streamline-emojis', said: 'streamline', license: 'CC-BY-4.0' },
  /** What defaults for finetuning are chosen on. */
  defaults: { prefix: 'fxemoji', said: 'fxemoji', license: 'Apache-2.0' },
} as const satisfies Record<string, Hand>;

/** A thing as a hand draws it, `file_name` in the hand's folder. */
export interface HandImage {
  readonly file_name: string;
  readonly name: string;
  readonly category: string;
  readonly tags: readonly string[];
  readonly colors: readonly string[];
}

/** Letters and digits alone: sets write `T-Rex`, `t-rex` and `trex`. */
const squeezed = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/**
 * Which icon of a set draws which emoji, without skin tones: by code points where the set has them, else by name, of which
 * emoji have several. A set with several drawings of a thing numbers them; the first is taken.
 */
export async function emojiOf(
  set: IconSet,
): Promise<readonly { readonly emoji: Emoji; readonly icon: string }[]> {
  const byCode = new Map(Object.entries(set.chars).map(([code, icon]) => [plainCode(code), icon]));
  const byName = new Map<string, string>();
  for (const icon of set.names) {
    byName.set(squeezed(icon), byName.get(squeezed(icon)) ?? icon);
    const first = /^(.+)-1$/.exec(icon)?.[1];
    if (first !== undefined) byName.set(squeezed(first), icon);
  }
  const names = await otherNames();
  return readEmoji().flatMap((emoji) => {
    if (emoji.skinTone) return [];
    const icon =
      byCode.get(emoji.code) ??
      [emoji.name, ...(names.get(emoji.code) ?? [])]
        .map((name) => byName.get(squeezed(name)))
        .find((found) => found !== undefined);
    return icon === undefined || set.svgOf(icon, 1) === undefined ? [] : [{ emoji, icon }];
  });
}

/** What else emoji are called, by code: Noto's names for its icons, and what chats take for them. */
async function otherNames(): Promise<ReadonlyMap<string, readonly string[]>> {
  const require = createRequire(import.meta.url);
  const found = new Map<string, string[]>();
  const add = (code: string, name: string): void => {
    const names = found.get(plainCode(code)) ?? [];
    names.push(name);
    found.set(plainCode(code), names);
  };
  const { chars } = await openIconSet('noto');
  for (const [code, name] of Object.entries(chars)) add(code, name);
  for (const table of ['cldr', 'joypixels', 'iamcal', 'github']) {
    const file = require.resolve(`emojibase-data/en/shortcodes/${table}.json`);
    const codes = JSON.parse(await readFile(file, 'utf8')) as Record<string, string | readonly string[]>;
    for (const [code, names] of Object.entries(codes)) for (const name of [names].flat()) add(code, name);
  }
  return found;
}

/**
 * Draws what a hand draws of Unicode's emoji as `<code>.png` on white, `size` pixels square, beside a `metadata.jsonl`. A
 * folder already made at that size is left as it is.
 * @returns what `metadata.jsonl` holds, in Unicode's order
 */
export async function prepareHand(
  { prefix }: Hand,
  folder: string,
  size = 64,
): Promise<readonly HandImage[]> {
  const set = await openIconSet(prefix);
  return drawnOnce(folder, size, async () =>
    (await emojiOf(set)).map(({ emoji: { code, name, category, tags }, icon }) => ({
      icon: set.svgOf(icon, 4 * size)!,
      image: { file_name: `${code}.png`, name: name.toLowerCase().replace(': ', ', '), category, tags },
    })),
  );
}

interface ToDraw {
  readonly icon: string;
  readonly image: Omit<HandImage, 'colors'>;
}

/** Draws into a folder what is listed, with a table of it; a folder already made at that size is read. */
export async function drawnOnce(
  folder: string,
  size: number,
  list: () => Promise<readonly ToDraw[]>,
): Promise<readonly HandImage[]> {
  const stamp = JSON.stringify({ size, edition: 1 });
  const stampFile = join(folder, 'prepared.json');
  const table = join(folder, 'metadata.jsonl');
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp)
    return (await readFile(table, 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as HandImage);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const images: HandImage[] = [];
  for (const { icon, image } of await list()) {
    const rgb = await drawOnWhite(icon, size);
    await sharp(rgb, { raw: { width: size, height: size, channels: 3 } })
      .png()
      .toFile(join(folder, image.file_name));
    images.push({ ...image, colors: colorNames(rgb) });
  }
  await writeFile(`${table}.part`, images.map((image) => `${JSON.stringify(image)}\n`).join(''));
  await rename(`${table}.part`, table);
  await writeFile(stampFile, stamp);
  return images;
}
