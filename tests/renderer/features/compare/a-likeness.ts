import type { Likeness } from '../../../../electron/contract/likeness.ts';

/** Of the run of `aComparison`, whose eight pictures have ids from 1: that of the dog at epoch 5 is a copy. */
export function aLikeness(): Likeness {
  return {
    ...{ state: 'ready', failure: null, limit: 0.08, heldOut: 12 },
    real: { distance: { value: 0.04, low: -0.02, high: 0.11 }, images: 30, atOnce: 8 },
    epochs: [0, 1, 2, 5].map((epoch) => ({
      epoch,
      pictures: 2,
      copies: epoch === 5 ? 1 : 0,
      distance: { value: 0.4 - 0.1 * Math.min(epoch, 2), low: 0.15, high: epoch === 0 ? 0.5 : 0.3 },
      rank: { value: 0.5, low: 0.25, high: 0.75 },
    })),
    pictures: Array.from({ length: 8 }, (_, at) => ({
      sampleId: at + 1,
      name: `images/${at}.png`,
      imageId: 100 + at,
      distance: at === 7 ? 0.031 : 0.2,
      control: at < 2 ? null : 0.31,
      copy: at === 7,
    })),
  };
}
