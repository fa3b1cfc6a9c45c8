import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  draftOf,
  faultOf,
  firstDraft,
  randomSeed,
  recipeFaults,
  seedsOf,
  withModel,
} from '../../../../renderer/features/bench/bench-draft.ts';
import { historyLayout, pageSize } from '../../../../renderer/features/bench/history-layout.ts';
import { aSample } from '../compare/a-comparison.ts';

const model = { kind: 'model', modelId: 1 } as const;
const draft = firstDraft(model, 64);

describe('the settings of the bench', () => {
  test('make one picture at the size the model was made for', () => {
    expect(draft.recipe).toMatchObject({ width: 64, height: 64 });
    expect(faultOf(draft)).toBeNull();
  });

  test('give every picture its own seed, one after the other', () => {
    expect(seedsOf({ seed: 7, count: 3 })).toEqual([7, 8, 9]);
  });

  test('draw seeds that PyTorch takes', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
        const seed = randomSeed(() => random);
        expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32).toBe(true);
      }),
    );
  });

  test.each([
    ['no model', { ...draft, model: null }],
    ['a size off the grid', { ...draft, recipe: { ...draft.recipe, width: 60 } }],
    ['no steps', { ...draft, recipe: { ...draft.recipe, steps: Number.NaN } }],
    ['guidance below zero', { ...draft, recipe: { ...draft.recipe, guidanceScale: -1 } }],
    ['half a seed', { ...draft, seed: 0.5 }],
    ['no pictures', { ...draft, count: 0 }],
  ])('with %s are refused, with the reason', (_, wrong) => {
    expect(faultOf(wrong)).not.toBeNull();
  });

  test('take any size that the model can make, and name the side that is none', () => {
    const sized = (width: number, height = 64) => recipeFaults({ ...draft.recipe, width, height });
    expect(sized(520, 72)).toEqual({});
    expect(sized(516)).toEqual({ width: 'Width is a multiple of 8, up to 4096.' });
    expect(sized(64, 5000)).toEqual({ height: 'Height is a multiple of 8, up to 4096.' });
  });

  test('follow another model to its size, unless somebody chose one', () => {
    const other = { kind: 'model', modelId: 2 } as const;
    expect(withModel(draft, other, 64, 512).recipe).toMatchObject({ width: 512, height: 512 });
    const chosen = { ...draft, recipe: { ...draft.recipe, height: 96 } };
    expect(withModel(chosen, other, 64, 512).recipe).toMatchObject({ width: 64, height: 96 });
  });

  test('can be those of a picture, seed and epoch included', () => {
    const sample = aSample({ id: 3, runId: 2, epoch: 5, seed: 11, prompt: 'a fox' });
    expect(draftOf(sample, { ...draft, seedLocked: false, count: 4 })).toMatchObject({
      model: { kind: 'run', runId: 2, epoch: 5 },
      prompt: 'a fox',
      seed: 11,
      seedLocked: true,
      count: 1,
    });
  });
});

describe('the history', () => {
  test('has whole rows in every page and room for every picture, at any width', () => {
    fc.assert(
      fc.property(fc.integer({ min: 120, max: 3800 }), fc.integer({ min: 0, max: 5000 }), (width, total) => {
        const { columns, cell, pages, height, pageHeight } = historyLayout(width, total);
        expect(pageSize % columns).toBe(0);
        expect(columns * (cell + 8) - 8).toBeLessThanOrEqual(width);
        expect(pages * pageHeight).toBeGreaterThanOrEqual(height);
        expect(pages * pageSize).toBeGreaterThanOrEqual(total);
      }),
    );
  });
});
