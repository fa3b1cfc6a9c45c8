import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { axes, defaultLayout, promptKey } from '../../../../renderer/features/compare/axes.ts';
import { openBook } from '../../../../renderer/features/compare/book.ts';
import { layOutGrid } from '../../../../renderer/features/compare/grid.ts';
import type { Command } from '../../../../renderer/features/compare/keys.ts';
import {
  firstView,
  focusedPlace,
  goToPlace,
  obey,
  step,
  type View,
} from '../../../../renderer/features/compare/navigation.ts';
import { aComparison } from './a-comparison.ts';

const one = openBook(aComparison({ seeds: [0, 1] }));
const two = openBook(
  aComparison({
    runs: [
      [0, 1, 5],
      [0, 1, 5],
    ],
    heldOut: { 'a cat': 3 },
  }),
);
const dog = promptKey({ prompt: 'a dog', negativePrompt: '' });

const placeOf = (view: View, book = one) => focusedPlace(layOutGrid(book, view.layout)!, view);
const all = (commands: readonly Command[], book = one, runs = 1) =>
  commands.reduce((view, command) => obey(view, command, book), firstView(defaultLayout(runs)));

describe('going through a comparison', () => {
  test('moves the focus and stops at the edges', () => {
    const right: Command = { kind: 'move', rows: 0, columns: 1 };
    expect(placeOf(all([right, right]))?.epoch).toBe(2);
    expect(placeOf(all(Array.from({ length: 20 }, () => right)))?.epoch).toBe(5);
    expect(placeOf(all([{ kind: 'move', rows: 1, columns: 0 }]))?.prompt).toBe(dog);
  });

  test('Home and End are the base and the last epoch, on the grid and on the ruler', () => {
    expect(placeOf(all([{ kind: 'end', last: true }]))?.epoch).toBe(5);
    expect(placeOf(all([{ kind: 'end', last: false }], two, 2), two)?.epoch).toBe(0);
  });

  test('scrubs an axis that does not span the grid', () => {
    const view = all([{ kind: 'step', axis: 'epoch', by: -1 }], two, 2);
    expect(view.layout.at.epoch).toBe(1);
    expect(placeOf(all([{ kind: 'step', axis: 'seed', by: 1 }]))?.seed).toBe(1);
  });

  test('plays round', () => {
    const view = step(firstView(defaultLayout(2)), two, 'epoch', 1, true);
    expect(view.layout.at.epoch).toBe(0);
  });

  test('keeps the picture in focus whatever spans the grid', () => {
    const axis = fc.constantFrom(...axes);
    const change = fc.oneof(
      axis.map((name): Command => ({ kind: 'span', direction: 'columns', axis: name })),
      axis.map((name): Command => ({ kind: 'span', direction: 'rows', axis: name })),
      fc.constant<Command>({ kind: 'swap' }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...two.values.run),
        fc.constantFrom(...two.values.epoch),
        fc.constantFrom(...two.values.prompt),
        fc.array(change, { maxLength: 12 }),
        fc.boolean(),
        (run, epoch, prompt, changes, heldOut) => {
          const start = firstView({ ...defaultLayout(2), heldOut });
          const place = { run, epoch, prompt, seed: 0 };
          const there = goToPlace(start, two, place);
          expect(placeOf(there, two)).toEqual(place);
          const after = changes.reduce((view, command) => obey(view, command, two), there);
          expect(placeOf(after, two)).toEqual(place);
        },
      ),
    );
  });

  test('a real image in focus stands for the picture beside it', () => {
    const view = all([{ kind: 'held-out' }], two, 2);
    expect(view.focus).toEqual({ row: 0, column: 0 });
    expect(placeOf(view, two)).toMatchObject({ run: 1 });
  });
});

describe('two pictures', () => {
  const pick: Command = { kind: 'pick' };

  test('stand against each other once both are picked', () => {
    const view = all([pick, { kind: 'move', rows: 0, columns: 1 }, pick]);
    expect(view.open).toBe('pair');
    expect([view.pair?.a.epoch, view.pair?.b?.epoch]).toEqual([0, 1]);
  });

  test('are let go of by picking the first one again, or by Escape', () => {
    expect(all([pick, pick]).pair).toBeNull();
    expect(all([pick, { kind: 'close' }]).pair).toBeNull();
  });

  test('are chosen anew after they were looked at', () => {
    const right: Command = { kind: 'move', rows: 0, columns: 1 };
    const view = all([pick, right, pick, { kind: 'close' }, pick]);
    expect(view).toMatchObject({ open: 'grid', pair: { b: null } });
  });
});

describe('playing', () => {
  test('opens the large picture where the grid shows all epochs already', () => {
    expect(all([{ kind: 'play' }])).toMatchObject({ playing: true, open: 'large' });
  });

  test('stays in the grid where the epoch is scrubbed, and stops on Escape', () => {
    expect(all([{ kind: 'play' }], two, 2)).toMatchObject({ playing: true, open: 'grid' });
    expect(all([{ kind: 'play' }, { kind: 'close' }], two, 2).playing).toBe(false);
  });
});
