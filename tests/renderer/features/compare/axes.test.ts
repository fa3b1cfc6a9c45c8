import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  axes,
  axisValues,
  defaultLayout,
  otherAxes,
  promptKey,
  shownValues,
  spanWith,
  standing,
  swapAxes,
  toggleValue,
} from '../../../../renderer/features/compare/axes.ts';
import { aComparison } from './a-comparison.ts';

const cat = promptKey({ prompt: 'a cat', negativePrompt: '' });

describe('the axes of a comparison', () => {
  test('hold the epochs of all runs together, in order', () => {
    const values = axisValues(
      aComparison({
        runs: [
          [0, 5, 10],
          [0, 2, 5],
        ],
      }),
    );
    expect(values.epoch).toEqual([0, 2, 5, 10]);
    expect(values.run).toEqual([1, 2]);
  });

  test('one run unfolds over its epochs, several stand side by side with the epoch to scrub', () => {
    expect(defaultLayout(1)).toMatchObject({ columns: 'epoch', rows: 'prompt' });
    expect(otherAxes(defaultLayout(1))).toEqual(['seed', 'run']);
    expect(defaultLayout(3)).toMatchObject({ columns: 'run', rows: 'prompt' });
    expect(otherAxes(defaultLayout(3))).toEqual(['epoch', 'seed']);
  });

  test('never span the grid twice with the same axis, whatever is chosen', () => {
    const choice = fc.tuple(fc.constantFrom('columns', 'rows'), fc.constantFrom(...axes));
    fc.assert(
      fc.property(fc.array(choice), (choices) => {
        const layout = choices.reduce(
          (now, [direction, axis]) => spanWith(now, direction, axis),
          defaultLayout(1),
        );
        const last = choices.at(-1);
        if (last !== undefined) expect(layout[last[0]]).toBe(last[1]);
        expect(new Set([layout.columns, layout.rows, ...otherAxes(layout)]).size).toBe(4);
      }),
    );
  });

  test('change places where the axis chosen across was down', () => {
    expect(spanWith(defaultLayout(1), 'columns', 'prompt')).toEqual(swapAxes(defaultLayout(1)));
  });

  test('stand at the last epoch and at the first of everything else, until somebody moves them', () => {
    const values = axisValues(aComparison({ seeds: [7, 8] }));
    expect(standing({ at: {} }, values)).toEqual({ run: 1, epoch: 5, prompt: cat, seed: 7 });
    expect(standing({ at: { epoch: 1, seed: 8 } }, values)).toMatchObject({ epoch: 1, seed: 8 });
  });

  test('forget a value that is gone', () => {
    const values = axisValues(aComparison({ seeds: [7] }));
    expect(standing({ at: { seed: 8 } }, values)?.seed).toBe(7);
  });

  test('stand nowhere without prompts', () => {
    expect(standing({ at: {} }, axisValues(aComparison({ prompts: [] })))).toBeNull();
  });

  test('leave hidden values out, but never all of them', () => {
    const values = axisValues(aComparison({ runs: [[0, 1]] }));
    const without = toggleValue(defaultLayout(1), 'epoch', 1);
    expect(shownValues(without, values, 'epoch')).toEqual([0]);
    expect(shownValues(toggleValue(without, 'epoch', 0), values, 'epoch')).toEqual([0, 1]);
    expect(shownValues(toggleValue(without, 'epoch', 1), values, 'epoch')).toEqual([0, 1]);
  });
});
