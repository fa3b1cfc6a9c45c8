import type { Axis } from '../../../electron/contract/gallery.ts';
import { axes } from './axes.ts';

/** What a key asks for. */
export type Command =
  | { readonly kind: 'move'; readonly rows: number; readonly columns: number }
  | { readonly kind: 'step'; readonly axis: Axis; readonly by: number }
  | { readonly kind: 'end'; readonly last: boolean }
  | { readonly kind: 'span'; readonly direction: 'columns' | 'rows'; readonly axis: Axis }
  | { readonly kind: 'zoom'; readonly factor: number }
  | {
      readonly kind:
        'swap' | 'open' | 'pick' | 'close' | 'keys' | 'play' | 'held-out' | 'favourite' | 'unzoom';
    };

/** A key as the browser reports it. */
export interface KeyPress {
  readonly key: string;
  /** The key's place on the keyboard: a digit is one with shift, too. */
  readonly code: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

const letters: Readonly<Record<string, Command>> = {
  x: { kind: 'swap' },
  c: { kind: 'pick' },
  p: { kind: 'play' },
  h: { kind: 'held-out' },
  f: { kind: 'favourite' },
  '0': { kind: 'unzoom' },
  '+': { kind: 'zoom', factor: 1.5 },
  '=': { kind: 'zoom', factor: 1.5 },
  '-': { kind: 'zoom', factor: 1 / 1.5 },
  '?': { kind: 'keys' },
  ',': { kind: 'step', axis: 'epoch', by: -1 },
  '.': { kind: 'step', axis: 'epoch', by: 1 },
  Home: { kind: 'end', last: false },
  End: { kind: 'end', last: true },
  Escape: { kind: 'close' },
};

const arrows: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/**
 * What a key means over the grid, or over one large picture, where the arrows go through epochs and prompts; null
 * where it means nothing. Combinations with ctrl, meta or alt belong to the browser.
 */
export function commandOf(press: KeyPress, over: 'grid' | 'large'): Command | null {
  const { key, code, shiftKey, ctrlKey, metaKey, altKey } = press;
  if (ctrlKey || metaKey || altKey) return null;
  const arrow = arrows[key];
  if (arrow !== undefined) return arrowCommand(arrow, shiftKey, over);
  const digit = /^(?:Digit|Numpad)([1-4])$/.exec(code)?.[1];
  if (digit !== undefined) {
    return { kind: 'span', direction: shiftKey ? 'rows' : 'columns', axis: axes[Number(digit) - 1]! };
  }
  if (over === 'grid' && (key === ' ' || key === 'Enter')) return { kind: 'open' };
  if (over === 'large' && key === ' ') return { kind: 'play' };
  if (key === 'PageUp' || key === 'PageDown')
    return { kind: 'step', axis: 'seed', by: key === 'PageUp' ? -1 : 1 };
  return letters[key] ?? letters[key.toLowerCase()] ?? null;
}

function arrowCommand(
  [rows, columns]: readonly [number, number],
  shift: boolean,
  over: 'grid' | 'large',
): Command {
  if (over === 'grid' && !shift) return { kind: 'move', rows, columns };
  if (columns !== 0) return { kind: 'step', axis: 'epoch', by: columns };
  return { kind: 'step', axis: over === 'grid' || shift ? 'seed' : 'prompt', by: rows };
}

/** The keys for a person: what they do, by where. */
export const keySheet: readonly {
  readonly title: string;
  readonly keys: readonly (readonly [string[], string])[];
}[] = [
  {
    title: 'In the grid',
    keys: [
      [['←', '→', '↑', '↓'], 'Go to the next picture'],
      [['Space'], 'Open it large'],
      [['Shift ←', 'Shift →'], 'Step through the epochs'],
      [['Shift ↑', 'Shift ↓'], 'Change the seed'],
      [['1', '2', '3', '4'], 'Epochs, prompts, seeds or runs as columns'],
      [['Shift 1', '…', 'Shift 4'], 'The same as rows'],
      [['X'], 'Swap columns and rows'],
    ],
  },
  {
    title: 'Over a large picture',
    keys: [
      [['←', '→'], 'Step through the epochs'],
      [['↑', '↓'], 'Go through the prompts'],
      [['Space'], 'Play the epochs, or pause'],
      [['Esc'], 'Back to the grid'],
    ],
  },
  {
    title: 'Everywhere',
    keys: [
      [[',', '.'], 'Previous epoch, next epoch'],
      [['Home', 'End'], 'The base, the last epoch'],
      [['Page up', 'Page down'], 'Previous seed, next seed'],
      [['P'], 'Play the epochs, or pause'],
      [['C'], 'Pick a picture to compare, then a second one'],
      [['F'], 'Favourite'],
      [['H'], 'Show the held-out images'],
      [['Ctrl wheel', '+', '−'], 'Zoom all pictures; drag to move'],
      [['0'], 'Zoom out'],
      [['?'], 'This list'],
    ],
  },
];
