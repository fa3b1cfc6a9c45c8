/** What a pyramid draws of an image: how much smaller each level is, from 2 to 4 times, and its noise. */
export interface PyramidDraws {
  readonly ratio: (level: number) => number;
  readonly normals: (level: number, count: number) => Float32Array;
}

/**
 * Adds noise of coarser and coarser grids, each enlarged bilinearly and counting `discount` times the one before, and brings the
 * sum back to a deviation of 1 (Whitaker 2023; sd-scripts' `pyramid_noise_like`, over the image rather than over a batch).
 * Changes `noise`, [channels, height, width].
 */
export function addNoisePyramid(
  noise: Float32Array,
  { channels, height, width }: { readonly channels: number; readonly height: number; readonly width: number },
  { iterations, discount }: { readonly iterations: number; readonly discount: number },
  draws: PyramidDraws,
): void {
  for (let level = 0; level < iterations; level++) {
    const shrunk = draws.ratio(level) ** level;
    const rows = Math.max(1, Math.floor(height / shrunk));
    const columns = Math.max(1, Math.floor(width / shrunk));
    const coarse = draws.normals(level, channels * rows * columns);
    addEnlarged(noise, coarse, { channels, height, width }, { rows, columns }, discount ** level);
    if (rows === 1 || columns === 1) break;
  }
  const deviation = deviationOf(noise);
  for (let i = 0; i < noise.length; i++) noise[i] = noise[i]! / deviation;
}

/** Bilinear, as PyTorch's `Upsample` without aligned corners. */
function addEnlarged(
  into: Float32Array,
  coarse: Float32Array,
  { channels, height, width }: { readonly channels: number; readonly height: number; readonly width: number },
  { rows, columns }: { readonly rows: number; readonly columns: number },
  factor: number,
): void {
  const down = tapsOf(height, rows);
  const across = tapsOf(width, columns);
  for (let c = 0; c < channels; c++) {
    const from = c * rows * columns;
    down.forEach((y, row) => {
      across.forEach((x, column) => {
        const at = (i: number, j: number) => coarse[from + i * columns + j]!;
        const upper = at(y.first, x.first) * (1 - x.share) + at(y.first, x.second) * x.share;
        const lower = at(y.second, x.first) * (1 - x.share) + at(y.second, x.second) * x.share;
        const place = (c * height + row) * width + column;
        into[place] = into[place]! + factor * (upper * (1 - y.share) + lower * y.share);
      });
    });
  }
}

interface Tap {
  readonly first: number;
  readonly second: number;
  /** Of the second. */
  readonly share: number;
}

function tapsOf(length: number, coarse: number): readonly Tap[] {
  return Array.from({ length }, (_, i) => {
    const place = Math.max(0, ((i + 0.5) * coarse) / length - 0.5);
    const first = Math.min(coarse - 1, Math.floor(place));
    return { first, second: Math.min(coarse - 1, first + 1), share: place - first };
  });
}

/** With Bessel's correction, as `torch.std`. */
function deviationOf(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}
