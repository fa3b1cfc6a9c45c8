/**
 * Pictures of things in colours they do not have, so that a colour word can be learned as a word of its own: of the glyphs
 * alone, `red` is only ever said of what is always red.
 */

/** Colours a thing is painted in, as hue in degrees, saturation, and the lightness that a middle grey becomes. */
const paints = {
  red: [358, 0.8, 0.5],
  orange: [28, 0.95, 0.55],
  yellow: [48, 0.95, 0.6],
  green: [115, 0.55, 0.42],
  blue: [212, 0.8, 0.5],
  purple: [278, 0.55, 0.5],
  pink: [335, 0.85, 0.7],
} as const satisfies Record<string, readonly [number, number, number]>;

export type Paint = keyof typeof paints;
export const paintNames = Object.keys(paints) as readonly Paint[];

/** Share of what is drawn that must have a hue for a picture to be turned by hue; else its greys are painted. */
const hueShare = 0.2;
/** A pixel lighter than this is paper, one with less difference between its channels has no hue. */
const [paper, leastChroma] = [0.97, 0.2];
/** Degrees from the commonest hue that are painted with it. */
const nearHue = 60;

/**
 * A picture on white, painted anew: its commonest hue turned to the paint's and what is near it with it, lightness and
 * other hues left as they are; a picture without hues is painted by its lightness.
 * @param rgb interleaved bytes
 * @returns the same, painted
 */
export function painted(rgb: Uint8Array, paint: Paint): Uint8Array {
  const [hue, saturation, middle] = paints[paint];
  const count = rgb.length / 3;
  const colors = Array.from({ length: count }, (_, i) =>
    hslOf(rgb[3 * i]!, rgb[3 * i + 1]!, rgb[3 * i + 2]!),
  );
  const histogram = new Float64Array(36);
  let drawn = 0;
  let colored = 0;
  for (const { h, chroma, l } of colors) {
    if (l > paper) continue;
    drawn += 1;
    if (chroma < leastChroma) continue;
    colored += 1;
    histogram[Math.floor(h / 10) % 36]! += chroma;
  }
  const smooth = histogram.map(
    (_, i) => histogram[(i + 35) % 36]! + histogram[i]! + histogram[(i + 1) % 36]!,
  );
  const main = smooth.indexOf(Math.max(...smooth)) * 10 + 5;
  const byHue = colored >= hueShare * drawn;
  const result = Uint8Array.from(rgb);
  for (const [i, { h, s, l, chroma }] of colors.entries()) {
    const turn = ((h - main + 540) % 360) - 180;
    if (!byHue) {
      const lightness = l < 0.5 ? l * 2 * middle : 1 - (1 - l) * 2 * (1 - middle);
      result.set(rgbOf(hue, l > paper ? 0 : saturation, lightness), 3 * i);
    } else if (Math.abs(turn) < nearHue) {
      const lightness = l + (middle - 0.5) * chroma;
      result.set(rgbOf(hue + turn, Math.max(s * 0.5, Math.min(s, saturation)), lightness), 3 * i);
    }
  }
  return result;
}

interface Hsl {
  readonly h: number;
  readonly s: number;
  readonly l: number;
  readonly chroma: number;
}

function hslOf(red: number, green: number, blue: number): Hsl {
  const [r, g, b] = [red / 255, green / 255, blue / 255];
  const [high, low] = [Math.max(r, g, b), Math.min(r, g, b)];
  const chroma = high - low;
  const l = (high + low) / 2;
  const sector =
    chroma === 0
      ? 0
      : high === r
        ? ((g - b) / chroma + 6) % 6
        : high === g
          ? (b - r) / chroma + 2
          : (r - g) / chroma + 4;
  return { h: 60 * sector, s: chroma === 0 ? 0 : chroma / (1 - Math.abs(2 * l - 1)), l, chroma };
}

function rgbOf(h: number, s: number, l: number): [number, number, number] {
  const light = Math.min(1, Math.max(0, l));
  const reach = s * Math.min(light, 1 - light);
  const channel = (n: number): number => {
    const k = (n + (((h % 360) + 360) % 360) / 30) % 12;
    return Math.round(255 * (light - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
