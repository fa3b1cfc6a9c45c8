import type { NotoImage } from './noto.ts';

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
export function taughtGlyphs(glyphs: readonly NotoImage[]): readonly NotoImage[] {
  return glyphs.filter(
    ({ name, category, skin_tone_variant: toned }) =>
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
