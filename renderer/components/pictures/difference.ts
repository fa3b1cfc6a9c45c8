/** What differs between two pictures of the same size, in RGBA bytes. */
export interface Difference {
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  /** Mean absolute difference of the colour channels, 0 to 1. */
  readonly mean: number;
  /** Part of the pixels in which any channel differs, 0 to 1. */
  readonly changed: number;
}

/**
 * Absolute difference per colour channel times `amplification`; where nothing differs it is black.
 * Throws a RangeError where the pictures are not of one size.
 */
export function differenceOf(a: Uint8ClampedArray, b: Uint8ClampedArray, amplification: number): Difference {
  if (a.length !== b.length) throw new RangeError(`pictures of ${a.length} and ${b.length} bytes`);
  const pixels = new Uint8ClampedArray(a.length);
  let sum = 0;
  let changed = 0;
  for (let at = 0; at < a.length; at += 4) {
    let most = 0;
    for (let channel = at; channel < at + 3; channel += 1) {
      const distance = Math.abs(a[channel]! - b[channel]!);
      pixels[channel] = distance * amplification;
      sum += distance;
      most = Math.max(most, distance);
    }
    pixels[at + 3] = 255;
    if (most > 0) changed += 1;
  }
  const count = a.length / 4;
  return {
    pixels,
    mean: count === 0 ? 0 : sum / (count * 3 * 255),
    changed: count === 0 ? 0 : changed / count,
  };
}
