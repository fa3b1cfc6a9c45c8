/** Anchor colours in sRGB, several for a name where people use it widely. */
const anchors: readonly (readonly [name: string, red: number, green: number, blue: number])[] = [
  ['red', 220, 40, 45],
  ['red', 170, 25, 30],
  ['orange', 250, 140, 30],
  ['orange', 230, 105, 20],
  ['yellow', 255, 205, 50],
  ['yellow', 255, 235, 110],
  ['green', 60, 160, 60],
  ['green', 130, 190, 60],
  ['green', 30, 100, 50],
  ['blue', 40, 110, 210],
  ['blue', 25, 50, 130],
  ['light blue', 120, 200, 250],
  ['purple', 140, 60, 180],
  ['purple', 180, 130, 210],
  ['pink', 250, 150, 180],
  ['pink', 230, 70, 130],
  ['brown', 120, 75, 50],
  ['brown', 165, 115, 80],
  ['black', 35, 35, 38],
  ['gray', 110, 115, 120],
  ['gray', 170, 175, 180],
];

/** A pixel this light is paper. */
const paper = 235;

/**
 * The one or two colours a picture on white shows most, in a person's words, each on at least a fifth of what is drawn.
 * @param rgb interleaved bytes
 */
export function colorNames(rgb: Uint8Array): readonly string[] {
  const counts = new Map<string, number>();
  let drawn = 0;
  for (let at = 0; at + 2 < rgb.length; at += 3) {
    const [red, green, blue] = [rgb[at]!, rgb[at + 1]!, rgb[at + 2]!];
    if (Math.min(red, green, blue) >= paper) continue;
    drawn++;
    const name = nearest(red, green, blue);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count >= drawn / 5)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 2)
    .map(([name]) => name);
}

function nearest(red: number, green: number, blue: number): string {
  let best = '';
  let smallest = Infinity;
  for (const [name, r, g, b] of anchors) {
    // Riemersma's weighting: close to perceived difference at the cost of a few multiplications.
    const mean = (red + r) / 2;
    const distance =
      (2 + mean / 256) * (red - r) ** 2 + 4 * (green - g) ** 2 + (2 + (255 - mean) / 256) * (blue - b) ** 2;
    if (distance < smallest) {
      smallest = distance;
      best = name;
    }
  }
  return best;
}
