/**
 * Which images are selected, and where the keyboard is. Positions are places in the order of the grid's query; ids
 * stay what they are when that order changes.
 */
export interface Selection {
  readonly ids: ReadonlySet<number>;
  /** Where a stretch began that Shift goes on from. */
  readonly anchor: number | null;
  /** Where the keyboard is. */
  readonly cursor: number | null;
}

export const noSelection: Selection = { ids: new Set(), anchor: null, cursor: null };

export interface Spot {
  readonly position: number;
  readonly id: number;
}

/** A plain click: this one alone. */
export function selectOne({ position, id }: Spot): Selection {
  return { ids: new Set([id]), anchor: position, cursor: position };
}

/** A click with Ctrl: this one too, or no longer. */
export function toggle(selection: Selection, { position, id }: Spot): Selection {
  const ids = new Set(selection.ids);
  if (!ids.delete(id)) ids.add(id);
  return { ids, anchor: position, cursor: position };
}

/**
 * A click with Shift, or an arrow with it: everything from the anchor to here.
 * @param order ids of all images that the query selects
 */
export function extendTo(selection: Selection, position: number, order: readonly number[]): Selection {
  const anchor = selection.anchor ?? position;
  const [from, to] = anchor < position ? [anchor, position] : [position, anchor];
  return { ids: new Set(order.slice(from, to + 1)), anchor, cursor: position };
}

export function selectAll(selection: Selection, order: readonly number[]): Selection {
  return { ids: new Set(order), anchor: 0, cursor: selection.cursor ?? 0 };
}

/** The order changed: what was selected still is, but no place means anything. */
export function reordered(selection: Selection): Selection {
  return { ...selection, anchor: null, cursor: null };
}

/** Where a key leads from `cursor` in a grid; null where it is no key for moving, or there is nothing. */
export function movedBy(
  key: string,
  cursor: number | null,
  { columns, count, page }: { readonly columns: number; readonly count: number; readonly page: number },
): number | null {
  if (count === 0) return null;
  const last = count - 1;
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -columns * page,
    PageDown: columns * page,
    Home: -count,
    End: count,
  };
  const step = steps[key];
  if (step === undefined) return null;
  if (cursor === null) return key === 'End' ? last : 0;
  const to = cursor + step;
  if (to >= 0 && to <= last) return to;
  // Up and down keep their column, or stay; the rest goes as far as it can.
  return key === 'ArrowUp' || key === 'ArrowDown' ? cursor : Math.max(0, Math.min(last, to));
}
