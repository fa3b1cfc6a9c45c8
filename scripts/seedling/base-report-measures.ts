import { momentsOf, symmetricEigen } from './principal-components.ts';

/** The numbers of `base-report.ts`, as functions of arrays alone. Pictures are [3, size, size] in [-1, 1]. */

/** Peak signal-to-noise ratio in dB of pictures over the range [-1, 1], values beyond it clipped as a screen does. */
export function peakSignalToNoise(made: ArrayLike<number>, real: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < real.length; i++) {
    const difference = Math.min(1, Math.max(-1, made[i]!)) - real[i]!;
    sum += difference * difference;
  }
  return 10 * Math.log10((4 * real.length) / sum);
}

/**
 * How many of the candidates lie nearer to `query` than the one it should find, plus one: rank 1 is a hit. Nearness is the
 * cosine of what differs from `mean`.
 */
export function retrievalRank(
  query: ArrayLike<number>,
  candidates: readonly ArrayLike<number>[],
  wanted: number,
  mean: ArrayLike<number>,
): number {
  const similarity = (candidate: ArrayLike<number>): number => {
    let [product, left, right] = [0, 0, 0];
    for (let i = 0; i < mean.length; i++) {
      const [a, b] = [query[i]! - mean[i]!, candidate[i]! - mean[i]!];
      product += a * b;
      left += a * a;
      right += b * b;
    }
    return product / Math.sqrt(left * right || 1);
  };
  const own = similarity(candidates[wanted]!);
  return 1 + candidates.filter((candidate, i) => i !== wanted && similarity(candidate) > own).length;
}

/** Share of ranks within the first `count`. */
export function shareWithin(ranks: readonly number[], count: number): number {
  return ranks.filter((rank) => rank <= count).length / ranks.length;
}

/**
 * Fréchet distance of two sets of features taken as normal distributions (Dowson and Landau 1982; Heusel et al. 2017):
 * |m1 - m2|² + tr(C1 + C2 - 2 (C1^½ C2 C1^½)^½).
 */
export function frechetDistance(
  first: readonly ArrayLike<number>[],
  second: readonly ArrayLike<number>[],
): number {
  const [a, b] = [momentsOf(first), momentsOf(second)];
  const size = a.mean.length;
  const trace = (matrix: readonly Float64Array[]): number => matrix.reduce((sum, row, i) => sum + row[i]!, 0);
  const root = squareRoot(a.covariance);
  const { values } = symmetricEigen(symmetric(product(product(root, b.covariance), root)));
  const cross = values.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  let means = 0;
  for (let i = 0; i < size; i++) means += (a.mean[i]! - b.mean[i]!) ** 2;
  return means + trace(a.covariance) + trace(b.covariance) - 2 * cross;
}

function squareRoot(matrix: readonly Float64Array[]): readonly Float64Array[] {
  const { values, vectors } = symmetricEigen(matrix);
  return matrix.map((row, i) =>
    row.map((_, j) =>
      vectors.reduce(
        (sum, vector, k) => sum + Math.sqrt(Math.max(0, values[k]!)) * vector[i]! * vector[j]!,
        0,
      ),
    ),
  );
}

function product(a: readonly Float64Array[], b: readonly Float64Array[]): readonly Float64Array[] {
  return a.map((row) =>
    Float64Array.from({ length: b[0]!.length }, (_, j) =>
      row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0),
    ),
  );
}

function symmetric(a: readonly Float64Array[]): readonly Float64Array[] {
  return a.map((row, i) => row.map((value, j) => (value + a[j]![i]!) / 2));
}

/** Names of `styleFeatures`, in their order. */
export const styleFeatureNames = [
  ...['red', 'green', 'blue', 'red spread', 'green spread', 'blue spread', 'saturation', 'saturation spread'],
  ...['paper', 'flat', 'soft', 'hard', 'edges 1:1', 'edges 1:2', 'edges 1:4', 'edges 1:8'],
  ...Array.from({ length: 16 }, (_, i) => `light ${i >> 2},${i % 4}`),
] as const;

/**
 * What tells a style of drawing from another: colours and their spread, how saturated, how much paper, how much of what
 * is drawn is flat, softly shaded or hard-edged, edges at four scales, and where light is in a grid of 4x4. Each about
 * of one size, so that their Fréchet distance is of all of them.
 */
export function styleFeatures(picture: ArrayLike<number>, size: number): number[] {
  const area = size * size;
  const unit = Float64Array.from({ length: 3 * area }, (_, i) =>
    Math.min(1, Math.max(0, picture[i]! / 2 + 0.5)),
  );
  const channels = [0, 1, 2].map((c) => unit.subarray(c * area, (c + 1) * area));
  const [red, green, blue] = channels as [Float64Array, Float64Array, Float64Array];
  const saturation = red.map((r, i) => Math.max(r, green[i]!, blue[i]!) - Math.min(r, green[i]!, blue[i]!));
  const light = red.map((r, i) => 0.299 * r + 0.587 * green[i]! + 0.114 * blue[i]!);
  const lowest = red.map((r, i) => Math.min(r, green[i]!, blue[i]!));
  const drawn = [...lowest.keys()].filter((i) => lowest[i]! < 0.96);
  const steps = steepness(light, size);
  const share = (low: number, high: number): number =>
    drawn.filter((i) => steps[i]! >= low && steps[i]! < high).length / Math.max(1, drawn.length);
  const edges = [1, 2, 4, 8].map((factor) => meanOf(steepness(shrunk(light, size, factor), size / factor)));
  return [
    ...channels.map((channel) => 4 * meanOf(channel)),
    ...channels.map((channel) => 4 * spreadOf(channel)),
    4 * meanOf(saturation),
    4 * spreadOf(saturation),
    2 * (1 - drawn.length / area),
    ...[4 * share(0, 0.01), 4 * share(0.01, 0.06), 4 * share(0.06, Infinity)],
    ...edges.map((value) => 10 * value),
    ...shrunk(light, size, size / 4),
  ];
}

/** Larger of the absolute differences to the next pixel right and below; zero past the edge. */
function steepness(plane: ArrayLike<number>, size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, i) =>
    Math.max(
      i % size < size - 1 ? Math.abs(plane[i + 1]! - plane[i]!) : 0,
      i < size * (size - 1) ? Math.abs(plane[i + size]! - plane[i]!) : 0,
    ),
  );
}

function shrunk(plane: ArrayLike<number>, size: number, factor: number): Float64Array {
  const edge = size / factor;
  const result = new Float64Array(edge * edge);
  for (let i = 0; i < size * size; i++) {
    const [y, x] = [Math.floor(i / size / factor), Math.floor((i % size) / factor)];
    result[y * edge + x]! += plane[i]! / factor ** 2;
  }
  return result;
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function spreadOf(values: Float64Array): number {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
