import type { Axis, Comparison } from '../../../electron/contract/gallery.ts';
import type { PromptData } from '../../../electron/contract/values.ts';

export const axes: readonly Axis[] = ['epoch', 'prompt', 'seed', 'run'];

/** One picture's place: which run, after which epoch, by which prompt (its key), from which noise. */
export interface Coordinates {
  readonly run: number;
  readonly epoch: number;
  readonly prompt: string;
  readonly seed: number;
}

export type AxisValue = Coordinates[Axis];
export type AxisValues = { readonly [A in Axis]: readonly Coordinates[A][] };

/** A prompt as one value: two prompts are the same where both their texts are. */
export function promptKey({ prompt, negativePrompt }: PromptData): string {
  return JSON.stringify([prompt, negativePrompt]);
}

/** Everything the axes can say of these runs; epochs in order, those of all runs together. */
export function axisValues({ runs, prompts, seeds }: Comparison): AxisValues {
  return {
    epoch: [...new Set(runs.flatMap(({ epochs }) => epochs))].sort((a, b) => a - b),
    prompt: [...new Set(prompts.map(promptKey))],
    seed: [...new Set(seeds)],
    run: runs.map(({ id }) => id),
  };
}

/** How a comparison is laid out: two axes span the grid, the others stand at one value. */
export interface Layout {
  readonly columns: Axis;
  readonly rows: Axis;
  /** Where the other axes stand, as far as somebody has said so. */
  readonly at: Partial<Coordinates>;
  /** Values left out of the grid. */
  readonly hidden: Readonly<Partial<Record<Axis, readonly AxisValue[]>>>;
  /** Whether the real images stand beside what the models make of their captions. */
  readonly heldOut: boolean;
}

/** One run unfolds over its epochs; several stand side by side, all at the same epoch. */
export function defaultLayout(runs: number): Layout {
  return {
    columns: runs > 1 ? 'run' : 'epoch',
    rows: 'prompt',
    at: {},
    hidden: {},
    heldOut: false,
  };
}

/** The axes that do not span the grid, in the order of `axes`. */
export function otherAxes({ columns, rows }: Pick<Layout, 'columns' | 'rows'>): readonly Axis[] {
  return axes.filter((axis) => axis !== columns && axis !== rows);
}

/** Puts an axis across or down; if it spanned the grid the other way, the two change places. */
export function spanWith(layout: Layout, direction: 'columns' | 'rows', axis: Axis): Layout {
  const across = direction === 'columns';
  const [mine, theirs] = across ? [layout.columns, layout.rows] : [layout.rows, layout.columns];
  const other = theirs === axis ? mine : theirs;
  return across ? { ...layout, columns: axis, rows: other } : { ...layout, columns: other, rows: axis };
}

export function swapAxes(layout: Layout): Layout {
  return { ...layout, columns: layout.rows, rows: layout.columns };
}

/**
 * Where every axis stands: as the layout says where that value is still there, else at the last epoch and at the
 * first of everything else. Null where an axis has no value at all.
 */
export function standing({ at }: Pick<Layout, 'at'>, values: AxisValues): Coordinates | null {
  const pick = <A extends Axis>(axis: A): Coordinates[A] | undefined => {
    const all: readonly Coordinates[A][] = values[axis];
    const said: Coordinates[A] | undefined = at[axis];
    if (said !== undefined && all.includes(said)) return said;
    return axis === 'epoch' ? all.at(-1) : all[0];
  };
  const [run, epoch, prompt, seed] = [pick('run'), pick('epoch'), pick('prompt'), pick('seed')];
  if (run === undefined || epoch === undefined || prompt === undefined || seed === undefined) return null;
  return { run, epoch, prompt, seed };
}

/** The values of an axis that the grid shows: all but the hidden ones, or all where every one is hidden. */
export function shownValues(
  layout: Pick<Layout, 'hidden'>,
  values: AxisValues,
  axis: Axis,
): readonly AxisValue[] {
  const hidden = layout.hidden[axis] ?? [];
  const shown = values[axis].filter((value) => !hidden.includes(value));
  return shown.length > 0 ? shown : values[axis];
}

/** Hides or shows a value of an axis. */
export function toggleValue(layout: Layout, axis: Axis, value: AxisValue): Layout {
  const hidden = layout.hidden[axis] ?? [];
  const next = hidden.includes(value) ? hidden.filter((one) => one !== value) : [...hidden, value];
  return { ...layout, hidden: { ...layout.hidden, [axis]: next } };
}

/** The same place with one axis standing elsewhere. */
export function moved(place: Coordinates, axis: Axis, value: AxisValue): Coordinates {
  return { ...place, [axis]: value };
}
