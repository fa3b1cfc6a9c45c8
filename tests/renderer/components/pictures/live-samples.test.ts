import { describe, expect, test } from 'vitest';

import { replaced, withSamples } from '../../../../renderer/components/pictures/live-samples.ts';
import { aComparison, aSample } from '../../features/compare/a-comparison.ts';

describe('pictures that have just come', () => {
  test('take the place of what was there, and nothing else changes', () => {
    const before = aComparison();
    const after = withSamples(before, [{ ...before.samples[2]!, status: 'making' }]);
    expect(after.samples[2]!.status).toBe('making');
    expect(after.samples.filter((sample, index) => sample !== before.samples[index])).toHaveLength(1);
  });

  test('are added once where they are new', () => {
    const before = aComparison();
    const added = aSample({ id: 99, epoch: 7, status: 'making' });
    const after = withSamples(before, [added, { ...added, status: 'ready' }]);
    expect(after.samples).toHaveLength(before.samples.length + 1);
    expect(after.samples.at(-1)!.status).toBe('ready');
  });

  test.each([
    ['of another run', aSample({ id: 99, runId: 2 })],
    ['of the prompt bench', aSample({ id: 99, prompt: 'something else' })],
    ['from a model', aSample({ id: 99, runId: null, modelId: 4 })],
  ])('are left alone %s', (_, sample) => {
    const before = aComparison();
    expect(withSamples(before, [sample])).toBe(before);
  });

  test('add nothing to a list', () => {
    const list = [aSample({ id: 1 }), aSample({ id: 2 })];
    const changed = [aSample({ id: 2, favourite: true }), aSample({ id: 3 })];
    expect(replaced(list, changed).map(({ id, favourite }) => [id, favourite])).toEqual([
      [1, false],
      [2, true],
    ]);
  });
});
