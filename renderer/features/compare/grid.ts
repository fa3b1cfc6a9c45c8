import type { Axis } from '../../../electron/contract/gallery.ts';
import { type AxisValue, type Coordinates, type Layout, moved, shownValues, standing } from './axes.ts';
import { type Book, type Cell, cellAt } from './book.ts';

/** What heads a column or a row: a value of its axis, or the real images. */
export type Header =
  { readonly kind: 'value'; readonly axis: Axis; readonly value: AxisValue } | { readonly kind: 'held-out' };

/** A comparison laid out: headers across and down, and what is where. */
export interface Grid {
  readonly columns: readonly Header[];
  readonly rows: readonly Header[];
  /** Where the axes stand that do not span the grid. */
  readonly standing: Coordinates;
  /** Null for held-out images. */
  readonly placeAt: (row: number, column: number) => Coordinates | null;
  readonly cellAt: (row: number, column: number) => Cell;
}

/** Null where there is nothing to lay out: no run, no epoch, no prompt or no seed. */
export function layOutGrid(book: Book, layout: Layout): Grid | null {
  const base = standing(layout, book.values);
  if (base === null) return null;
  const headers = (axis: Axis): readonly Header[] => {
    const values = shownValues(layout, book.values, axis).map(
      (value) => ({ kind: 'value', axis, value }) as const,
    );
    const crossing = axis === layout.columns ? layout.rows : layout.columns;
    return crossing === 'prompt' && showsHeldOut(book, layout) ? [{ kind: 'held-out' }, ...values] : values;
  };
  const columns = headers(layout.columns);
  const rows = headers(layout.rows);

  const placeAt = (row: number, column: number): Coordinates | null => {
    const [across, down] = [columns[column], rows[row]];
    if (across?.kind !== 'value' || down?.kind !== 'value') return null;
    return moved(moved(base, across.axis, across.value), down.axis, down.value);
  };
  return {
    columns,
    rows,
    standing: base,
    placeAt,
    cellAt: (row, column) => {
      const place = placeAt(row, column);
      if (place !== null) return cellAt(book, place);
      const words = [columns[column], rows[row]].find((header) => header?.kind === 'value');
      const prompt = words?.kind === 'value' && words.axis === 'prompt' ? String(words.value) : base.prompt;
      return { kind: 'held-out', imageId: book.prompts.get(prompt)?.heldOutImageId ?? null };
    },
  };
}

/** Whether real images can stand beside the pictures: one axis is the prompts, and some are captions of such images. */
export function canShowHeldOut(book: Book, { columns, rows }: Pick<Layout, 'columns' | 'rows'>): boolean {
  return (
    (columns === 'prompt' || rows === 'prompt') &&
    [...book.prompts.values()].some(({ heldOutImageId }) => heldOutImageId !== null)
  );
}

function showsHeldOut(book: Book, layout: Layout): boolean {
  return layout.heldOut && canShowHeldOut(book, layout);
}
