import { frechetDistance } from './base-report-measures.ts';
import { symmetricEigen } from './principal-components.ts';

/** The numbers of `transfer.ts`, as functions of arrays alone. Pictures are [3, size, size] in [-1, 1]. */

/** Rows as seen along a few axes. */
export type Projection = (row: ArrayLike<number>) => Float64Array;

/**
 * Onto the `count` axes along which rows differ most. Rows may be fewer than they are long: the axes are found from the rows'
 * products with each other (the snapshot method; Sirovich 1987).
 */
export function projectionOf(rows: readonly ArrayLike<number>[], count: number): Projection {
  const length = rows[0]!.length;
  const mean = new Float64Array(length);
  for (const row of rows) for (let i = 0; i < length; i++) mean[i]! += row[i]! / rows.length;
  const centred = rows.map((row) => Float64Array.from({ length }, (_, i) => row[i]! - mean[i]!));
  const { values, vectors } = symmetricEigen(
    centred.map((a) =>
      Float64Array.from(centred, (b) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)),
    ),
  );
  const order = [...values.keys()].sort((a, b) => values[b]! - values[a]!).slice(0, count);
  const axes = order.map((k) => {
    const axis = new Float64Array(length);
    for (const [r, row] of centred.entries()) {
      const weight = vectors[k]![r]! / Math.sqrt(Math.max(Number.EPSILON, values[k]!));
      for (let i = 0; i < length; i++) axis[i]! += weight * row[i]!;
    }
    return axis;
  });
  return (row) =>
    Float64Array.from(axes, (axis) => axis.reduce((sum, value, i) => sum + value * (row[i]! - mean[i]!), 0));
}

/** Fréchet distance of two sets of features as the projection shows them. */
export function projectedDistance(
  projection: Projection,
  first: readonly ArrayLike<number>[],
  second: readonly ArrayLike<number>[],
): number {
  return frechetDistance(first.map(projection), second.map(projection));
}

/** Mean over a picture of how steep its lightness is, in units of lightness from 0 to 1 over a pixel. */
export function meanGradient(picture: ArrayLike<number>, size: number): number {
  const area = size * size;
  const unit = (i: number): number => Math.min(1, Math.max(0, picture[i]! / 2 + 0.5));
  const light = Float64Array.from(
    { length: area },
    (_, i) => 0.299 * unit(i) + 0.587 * unit(area + i) + 0.114 * unit(2 * area + i),
  );
  let sum = 0;
  for (let y = 0; y + 1 < size; y++)
    for (let x = 0; x + 1 < size; x++) {
      const i = y * size + x;
      sum += Math.hypot(light[i + 1]! - light[i]!, light[i + size]! - light[i]!);
    }
  return sum / (size - 1) ** 2;
}

/** How sharp pictures are beside real ones: the mean gradient of these over that of those. */
export function sharpnessBeside(
  made: readonly ArrayLike<number>[],
  real: readonly ArrayLike<number>[],
  size: number,
): number {
  const mean = (pictures: readonly ArrayLike<number>[]): number =>
    pictures.reduce((sum, picture) => sum + meanGradient(picture, size), 0) / pictures.length;
  return mean(made) / mean(real);
}
