import { taughtCaptions, taughtGlyphs, unpaintedThings, variedGlyphs } from './data.ts';
import type { Hand, HandImage } from './hands.ts';
import { type NotoImage, withArticle } from './noto.ts';
import { type Paint, paintNames } from './paint.ts';
import { type BackdropColor, backdropColors, type Treatment, treatmentNames } from './treatments.ts';

/** A picture that the base learns from: whose, how it is changed, how often it is used in an epoch, and what is said of it. */
export interface LearnedPicture {
  readonly prefix: string;
  readonly file: string;
  readonly change: Change;
  readonly repeats: number;
  readonly captions: readonly string[];
}

export type Change =
  | { readonly kind: 'none' | 'bent' | 'glossy' }
  | { readonly kind: 'painted'; readonly paint: Paint }
  | { readonly kind: 'treated'; readonly treatment: Treatment; readonly color: BackdropColor };

/** What every picture of a hand can be said to be, so that none of these words is any one hand's. */
const anyHand = (name: string, category: string): readonly string[] => [
  `a drawing of ${withArticle(name)}`,
  `icon of ${name}, ${category}`,
  `art of ${name}, ${category}`,
];

/**
 * Noto's glyphs, which a bare name means most often, and the same things in the other hands, most often with the hand's name.
 * Flags are left to Noto: they are the same in every hand.
 */
export function learnedPictures(
  noto: readonly NotoImage[],
  hands: readonly (readonly [hand: Hand, images: readonly HandImage[]])[],
): readonly LearnedPicture[] {
  const own = taughtGlyphs(noto);
  const others = hands.flatMap(([hand, images]) =>
    taughtGlyphs(images)
      .filter(({ category }) => category !== 'flag')
      .map((image) => ({ hand, image })),
  );
  return [
    ...own.flatMap((glyph, i) => notoPictures(glyph, i)),
    ...paintedNoto(own),
    ...others.flatMap(({ hand, image }, i) => handPictures(hand, image, i)),
  ];
}

function notoPictures(glyph: NotoImage, nth: number): LearnedPicture[] {
  const { name, category, file_name: file } = glyph;
  const at = { prefix: 'noto', file };
  const said = [...taughtCaptions(glyph), ...anyHand(name, category), `${name}, noto`, `noto art of ${name}`];
  const glossy = [
    ...[`a glossy ${name}`, `glossy ${name}`, `${name}, glossy`, `a glossy ${name}, ${category}`],
    ...[`3d art of ${name}, ${category}`, `a 3d ${name}`, `official 3d art of ${name}, ${category}`],
  ];
  return [
    { ...at, change: { kind: 'none' }, repeats: 4, captions: said },
    { ...at, change: { kind: 'bent' }, repeats: 1, captions: said },
    { ...at, change: { kind: 'glossy' }, repeats: 2, captions: glossy },
    treatedPicture(at, name, category, nth),
  ];
}

function paintedNoto(own: readonly NotoImage[]): LearnedPicture[] {
  return variedGlyphs(own).flatMap(({ glyph, kind, captions }) =>
    kind === 'plain' || kind === 'glossy'
      ? []
      : [
          {
            ...{ prefix: 'noto', file: glyph.file_name, repeats: 1, captions },
            change: { kind: 'painted', paint: kind },
          },
        ],
  );
}

function handPictures({ prefix, said }: Hand, image: HandImage, nth: number): LearnedPicture[] {
  const { name, category, colors, file_name: file } = image;
  const at = { prefix, file };
  const thing = withArticle(name);
  const named = [
    ...[`${thing}, ${said}`, `${said} art of ${thing}`, `${thing} in ${said} style`, `${name}, ${said}`],
    ...[`${said} ${name}, ${category}`, [name, category, ...colors, said].join(', ')],
  ];
  const paint = paintNames[(nth * 3 + 1) % paintNames.length]!;
  const inColor = `${paint} ${name}`;
  return [
    { ...at, change: { kind: 'none' }, repeats: 2, captions: [...named, thing, ...anyHand(name, category)] },
    { ...at, change: { kind: 'bent' }, repeats: 1, captions: named },
    ...(isPaintable(image)
      ? [
          {
            ...at,
            change: { kind: 'painted', paint } as const,
            repeats: 1,
            captions: [`${withArticle(inColor)}, ${said}`, `${said} art of ${withArticle(inColor)}`, inColor],
          },
        ]
      : []),
    treatedPicture(at, name, category, nth),
  ];
}

/** Whether nothing is said of its colour and none of what the report asks for in colours is meant. */
function isPaintable({ name, category }: HandImage): boolean {
  const words = new Set(name.split(/[\s:-]+/));
  return !['shape', 'heart', 'sky'].includes(category) && !unpaintable.some((word) => words.has(word));
}
const unpaintable = [...paintNames, 'white', 'black', 'brown', 'light', 'dark', ...unpaintedThings];

/** Each thing in one of the treatments, by turns, and in other hands in others. */
function treatedPicture(
  at: Pick<LearnedPicture, 'prefix' | 'file'>,
  name: string,
  category: string,
  nth: number,
): LearnedPicture {
  const treatment = treatmentNames[nth % treatmentNames.length]!;
  const colors = Object.keys(backdropColors) as BackdropColor[];
  const color = colors[Math.floor(nth / treatmentNames.length) % colors.length]!;
  const captions = treatmentCaptions(treatment, color, name, category);
  return { ...at, change: { kind: 'treated', treatment, color }, repeats: 1, captions };
}

function treatmentCaptions(
  treatment: Treatment,
  color: BackdropColor,
  name: string,
  category: string,
): readonly string[] {
  const thing = withArticle(name);
  switch (treatment) {
    case 'outlined':
      return [`${thing} with black outlines`, `comic of ${thing}, ${category}`, `outlined ${name}`];
    case 'pale':
      return [`a pale ${name}`, `pastel drawing of ${thing}`, `${name}, ${category}, pale`];
    case 'gray':
      return [`${thing} in black and white`, `gray drawing of ${thing}`, `${name}, ${category}, gray`];
    case 'pixels':
      return [`pixel art of ${thing}`, `${name}, ${category}, pixels`];
    case 'watercolor':
      return [`watercolor of ${thing}`, `a soft painting of ${thing}, ${category}`];
    case 'circle':
      return [
        `${thing} on a ${color} circle`,
        `round ${color} icon of ${name}`,
        `${name} in a ${color} circle`,
      ];
    case 'backdrop':
      return [`${thing} on ${color}`, `${name}, ${color} background`, `${color} card with ${thing}`];
  }
}
