import { describe, expect, test } from 'vitest';

import { type PlanSummary, summaryLines } from '../../electron/runs/plan.ts';

const summary: PlanSummary = {
  ...{
    name: 'mine',
    images: 140,
    heldOut: 0,
    resolution: 64,
    buckets: [{ width: 64, height: 64, images: 140 }],
  },
  ...{ stepsPerEpoch: 35, steps: 525, epochs: 15, checkpoints: [1, 15], patience: 0 },
  ...{ captionExample: 'a fox', classImages: null, warnings: [] },
};
const textOf = (changes: Partial<PlanSummary>) => summaryLines({ ...summary, ...changes }).join('\n');

describe('a plan on the command line', () => {
  test('offers to hold a twentieth of many images out, where none are', () => {
    expect(textOf({})).toContain('--validation 7 keeps 7 from training');
    expect(textOf({ images: 19 })).not.toContain('--validation');
    expect(textOf({ heldOut: 1 })).not.toContain('--validation');
    expect(textOf({ images: 100_000 })).toContain('--validation 50 ');
  });

  test('names the flags for words, where there are none', () => {
    expect(textOf({ captionExample: '' })).toContain('--caption-template');
    expect(textOf({})).not.toContain('--caption');
  });
});
