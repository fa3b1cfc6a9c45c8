import type { DataArray } from '../graph/data-type.ts';

/** What the shapes in a training graph depend on: one graph serves one of these. */
export interface BatchShape {
  readonly rows: number;
  /** Height and width of what goes in, in its own units (latents, or pixels of pictures); null where rows are all. */
  readonly size: { readonly height: number; readonly width: number } | null;
}

/** A part of a batch's rows. */
export function partOf(shape: BatchShape, parts: number): BatchShape {
  return { ...shape, rows: shape.rows / parts };
}

/** What one of so many equal parts has of an input, whose first dimension are the rows. */
export function shareOf<A extends DataArray>(data: A, part: number, parts: number): A {
  const share = data.length / parts;
  return data.subarray(part * share, (part + 1) * share) as A;
}

/** Equal parts of a batch's rows that have at most so many rows each. */
export function partsInTurn(rows: number, most: number): number {
  let parts = Math.max(1, Math.ceil(rows / Math.max(1, most)));
  while (rows % parts !== 0) parts++;
  return parts;
}
