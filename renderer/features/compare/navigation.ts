import type { Axis } from '../../../electron/contract/gallery.ts';
import {
  type AxisValue,
  type Coordinates,
  type Layout,
  shownValues,
  spanWith,
  standing,
  swapAxes,
} from './axes.ts';
import type { Book } from './book.ts';
import { type Grid, layOutGrid } from './grid.ts';
import type { Command } from './keys.ts';

/** Two pictures to judge against each other, by where they stand; the second one may still be to choose. */
export interface Pair {
  readonly a: Coordinates;
  readonly b: Coordinates | null;
}

/** What is on the screen besides the pictures: layout, the cell in focus, what stands open over the grid. */
export interface View {
  readonly layout: Layout;
  readonly focus: { readonly row: number; readonly column: number };
  readonly open: 'grid' | 'large' | 'pair' | 'keys';
  readonly pair: Pair | null;
  readonly playing: boolean;
}

export function firstView(layout: Layout): View {
  return { layout, focus: { row: 0, column: 0 }, open: 'grid', pair: null, playing: false };
}

/** The cell in focus, kept inside the grid as it is now. */
export function focusIn(grid: Grid, { focus }: Pick<View, 'focus'>): View['focus'] {
  return {
    row: within(focus.row, grid.rows.length),
    column: within(focus.column, grid.columns.length),
  };
}

/** Where the cell in focus stands; for a real image, the picture beside it. */
export function focusedPlace(grid: Grid, view: Pick<View, 'focus'>): Coordinates | null {
  const { row, column } = focusIn(grid, view);
  return (
    grid.placeAt(row, column) ??
    grid.placeAt(row, column + 1) ??
    grid.placeAt(row + 1, column) ??
    grid.placeAt(row + 1, column + 1)
  );
}

/**
 * Stands an axis at a value: moves the focus where the axis spans the grid, else the scrubber. A value that the grid
 * does not show changes nothing.
 */
export function goTo(view: View, book: Book, axis: Axis, value: AxisValue): View {
  const grid = layOutGrid(book, view.layout);
  if (grid === null) return view;
  const { columns, rows } = view.layout;
  if (axis !== columns && axis !== rows) {
    return { ...view, layout: { ...view.layout, at: { ...view.layout.at, [axis]: value } } };
  }
  const headers = axis === columns ? grid.columns : grid.rows;
  const index = headers.findIndex((header) => header.kind === 'value' && header.value === value);
  if (index === -1) return view;
  const focus = focusIn(grid, view);
  return { ...view, focus: axis === columns ? { ...focus, column: index } : { ...focus, row: index } };
}

/** Puts the focus on the picture at a place, scrubbing the other axes to it. */
export function goToPlace(view: View, book: Book, place: Coordinates): View {
  return (['run', 'epoch', 'prompt', 'seed'] as const).reduce(
    (moving, axis) => goTo(moving, book, axis, place[axis]),
    view,
  );
}

/** As `goTo`, so many values on, stopping at the ends or going round. */
export function step(view: View, book: Book, axis: Axis, by: number, round = false): View {
  const values = stops(view, book, axis);
  const grid = layOutGrid(book, view.layout);
  const place = grid === null ? null : focusedPlace(grid, view);
  if (place === null) return view;
  const here = values.indexOf(place[axis]);
  const next = here + by;
  const value = values[round ? (next + values.length) % values.length : within(next, values.length)];
  return value === undefined ? view : goTo(view, book, axis, value);
}

function stops({ layout }: View, book: Book, axis: Axis): readonly AxisValue[] {
  const spans = axis === layout.columns || axis === layout.rows;
  return spans ? shownValues(layout, book.values, axis) : book.values[axis];
}

/** What a command makes of the view; those about a single picture's data (`favourite`, ...) change nothing here. */
export function obey(view: View, command: Command, book: Book): View {
  const grid = layOutGrid(book, view.layout);
  if (grid === null) return view;
  const focus = focusIn(grid, view);
  switch (command.kind) {
    case 'move': {
      const row = within(focus.row + command.rows, grid.rows.length);
      const column = within(focus.column + command.columns, grid.columns.length);
      return { ...view, focus: { row, column } };
    }
    case 'step':
      return step(view, book, command.axis, command.by);
    case 'end': {
      const values = stops(view, book, 'epoch');
      const value = command.last ? values.at(-1) : values[0];
      return value === undefined ? view : goTo(view, book, 'epoch', value);
    }
    case 'span':
      return keepingPlace(view, book, spanWith(view.layout, command.direction, command.axis));
    case 'swap':
      return keepingPlace(view, book, swapAxes(view.layout));
    case 'open':
      return { ...view, open: 'large' };
    case 'pick':
      return picked(view, focusedPlace(grid, view));
    case 'close':
      return closed(view);
    case 'keys':
      return { ...view, open: view.open === 'keys' ? 'grid' : 'keys' };
    case 'play': {
      const spans = view.layout.columns === 'epoch' || view.layout.rows === 'epoch';
      // Over a grid that shows all epochs there is nothing to play: the large picture is what unfolds.
      const open = !view.playing && spans && view.open === 'grid' ? 'large' : view.open;
      return { ...view, open, playing: !view.playing };
    }
    case 'held-out':
      return { ...view, layout: { ...view.layout, heldOut: !view.layout.heldOut } };
    case 'favourite':
    case 'unzoom':
    case 'zoom':
      return view;
  }
}

/** The first pick waits for the second; picking the same picture again lets go of it. */
export function picked(view: View, place: Coordinates | null): View {
  if (place === null) return view;
  if (view.pair?.b !== null) return { ...view, pair: { a: place, b: null }, open: 'grid' };
  const { a } = view.pair;
  if (samePlace(a, place)) return { ...view, pair: null };
  return { ...view, pair: { a, b: place }, open: 'pair' };
}

export function samePlace(a: Coordinates, b: Coordinates): boolean {
  return a.run === b.run && a.epoch === b.epoch && a.prompt === b.prompt && a.seed === b.seed;
}

/** One thing at a time: what stands open, then the playing, then the half-chosen pair. */
function closed(view: View): View {
  if (view.open === 'pair') return { ...view, open: 'grid', pair: null };
  if (view.open !== 'grid') return { ...view, open: 'grid', playing: false };
  return { ...view, playing: false, pair: null };
}

/** Lays the grid out anew without losing the picture in focus, and the place of every axis with it. */
function keepingPlace(view: View, book: Book, layout: Layout): View {
  const grid = layOutGrid(book, view.layout);
  const place = grid === null ? standing(view.layout, book.values) : focusedPlace(grid, view);
  const next = { ...view, layout: place === null ? layout : { ...layout, at: { ...layout.at, ...place } } };
  return place === null ? next : goToPlace({ ...next, focus: { row: 0, column: 0 } }, book, place);
}

function within(index: number, length: number): number {
  return Math.max(0, Math.min(length - 1, index));
}
