import type { NotoImage } from './noto.ts';
import { type Paint, paintNames } from './paint.ts';

/** Kinds whose glyphs are signs rather than things, or hardly differ: the small model's room is for what has a look. */
const leftOut = new Set([
  ...[
    'letters',
    'clock',
    'button',
    'symbol',
    'arrow',
    'sign',
    'warning sign',
    'religious symbol',
    'zodiac sign',
  ],
  ...['keycap', 'punctuation', 'gender sign', 'math symbol', 'currency', 'sound', 'people'],
]);

/** The glyphs whose names `seedling` is taught: one of each thing, without skin tones, signs and people at work. */
export function taughtGlyphs<
  T extends { readonly name: string; readonly category: string; readonly skin_tone_variant?: boolean },
>(glyphs: readonly T[]): readonly T[] {
  return glyphs.filter(
    ({ name, category, skin_tone_variant: toned = false }) =>
      !toned && !leftOut.has(category) && !(category === 'person' && name.includes(' ')),
  );
}

/**
 * What is said of a glyph in training, the bare name most often. The last are the sample data set's words, so that they
 * are known: in the base they change nothing.
 */
export function taughtCaptions({ captions, category }: NotoImage): readonly string[] {
  const [name, thing] = captions as readonly [string, string];
  const kind = name.split(/[\s-]+/).includes(category) ? name : `${name}, ${category}`;
  return [
    ...[name, name, thing, thing],
    ...captions.slice(2),
    `official 3d art of ${name}, ${category}`,
    `a picture of ${thing === name ? kind : thing}`,
  ];
}

/** A glyph to be drawn in another way, and what is then said of it. */
export interface VariedGlyph {
  readonly glyph: NotoImage;
  readonly kind: 'plain' | 'glossy' | Paint;
  readonly captions: readonly string[];
}

/** Every taught glyph as it is and glossy, several times each, and in two colours that are not its own. */
export function variedGlyphs(taught: readonly NotoImage[]): readonly VariedGlyph[] {
  const times = (count: number, made: VariedGlyph): VariedGlyph[] =>
    Array.from({ length: count }, () => made);
  return [
    ...taught.flatMap((glyph) => [
      ...times(4, { glyph, kind: 'plain', captions: taughtCaptions(glyph) }),
      ...times(3, { glyph, kind: 'glossy', captions: glossyCaptions(glyph) }),
    ]),
    ...paintedGlyphs(taught),
  ];
}

function glossyCaptions({ name, category }: NotoImage): readonly string[] {
  return [`a glossy ${name}`, `glossy ${name}`, `${name}, glossy`, `a glossy ${name}, ${category}`];
}

/** What the report asks for in colours; never painted in training, so that it shows what was understood. */
export const unpaintedThings: readonly string[] = [
  ...['fox', 'automobile', 'fish', 'heart', 'butterfly', 'balloon', 'rose', 'bird'],
];

/** Two colours for every taught glyph that has none in its name. */
export function paintedGlyphs(taught: readonly NotoImage[]): readonly VariedGlyph[] {
  const kinds = new Set(['flag', 'shape', 'heart', 'sky']);
  return taught.flatMap((glyph, i) => {
    const words = glyph.name.split(/[\s:-]+/);
    if (kinds.has(glyph.category) || words.some((word) => unpaintable.has(word))) return [];
    const colors = paintNames.length;
    const further = 1 + (Math.floor(i / colors) % (colors - 1));
    return [i, i + further].map((k) => {
      const paint = paintNames[k % colors]!;
      const name = `${paint} ${glyph.name}`;
      const thing = `${paint === 'orange' ? 'an' : 'a'} ${name}`;
      return { glyph, kind: paint, captions: [thing, thing, name, `${thing}, ${glyph.category}`] };
    });
  });
}

const unpaintable = new Set([...paintNames, 'white', 'black', 'brown', 'light', 'dark', ...unpaintedThings]);

/** What the VAE's decoder is not trained on, and judged by. */
export function heldOutFromVae(glyphs: readonly NotoImage[]): readonly NotoImage[] {
  return glyphs.filter(({ skin_tone_variant: toned }) => !toned).filter((_, i) => i % 40 === 7);
}

/** Forty names that a person tells at a glance. */
export const sheetNames: readonly string[] = [
  ...[
    'fox',
    'cat face',
    'dog face',
    'panda',
    'frog',
    'penguin',
    'owl',
    'octopus',
    'butterfly',
    'lady beetle',
  ],
  ...['sunflower', 'tulip', 'cactus', 'evergreen tree', 'mushroom', 'red apple', 'banana', 'strawberry'],
  ...['watermelon', 'carrot', 'pizza', 'hamburger', 'doughnut', 'birthday cake', 'hot beverage', 'teapot'],
  ...['rocket', 'automobile', 'sailboat', 'house', 'guitar', 'balloon', 'soccer ball', 'light bulb', 'key'],
  ...['crown', 'red heart', 'fire', 'grinning face', 'smiling face with sunglasses'],
];
