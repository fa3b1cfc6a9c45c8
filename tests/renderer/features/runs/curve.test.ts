import { describe, expect, test } from 'vitest';

import {
  heldOutLossRange,
  lossCurves,
  lossRange,
  onlyWith,
  smoothed,
  thinned,
} from '../../../../renderer/features/runs/curve.ts';

const counted = (length: number) => Array.from({ length }, (_, i) => i);

describe('thinning', () => {
  test('leaves a short curve as it is', () => {
    expect(thinned([1, 2], [5, 6], 10)).toEqual({ xs: [1, 2], ys: [5, 6] });
  });

  test('makes means of neighbours, at most as many as are wanted, and loses none', () => {
    const { xs, ys } = thinned(counted(10), counted(10), 4);
    expect(xs).toEqual([1, 4, 7, 9]);
    expect(ys).toEqual([1, 4, 7, 9]);
    expect(thinned(counted(100_000), counted(100_000), 1500).xs.length).toBeLessThanOrEqual(1500);
  });

  test('leaves out what is no number', () => {
    expect(thinned([1, 2, 3], [5, Number.NaN, 7], 10)).toEqual({ xs: [1, 3], ys: [5, 7] });
  });
});

describe('smoothing', () => {
  test('leaves a level curve level from its first point on', () => {
    for (const value of smoothed(counted(200).map(() => 0.4))) expect(value).toBeCloseTo(0.4, 12);
  });

  test('follows a curve, less swaying than it', () => {
    const noisy = counted(300).map((i) => 1 - i / 600 + (i % 2 === 0 ? 0.2 : -0.2));
    const smooth = smoothed(noisy);
    // Past the start, where there is nothing yet to average over.
    const sway = smooth.slice(50).map((value, i) => Math.abs(value - (smooth[49 + i] ?? value)));
    expect(Math.max(...sway)).toBeLessThan(0.05);
    expect(smooth.at(-1)).toBeLessThan(smooth[50]!);
  });
});

describe('the curves of a run', () => {
  const metrics = {
    steps: {
      step: [1, 2, 3, 4],
      epoch: [0.5, 1, 1.5, 2],
      loss: [0.4, 0.3, 0.2, 0.1],
      learningRate: [],
      gradientNorm: [],
    },
    epochs: [
      { epoch: 0, trainLoss: null, validationLoss: 0.5 },
      { epoch: 1, trainLoss: 0.35, validationLoss: 0.4 },
      { epoch: 2, trainLoss: 0.15, validationLoss: null },
    ],
  };

  test('stand on one rising axis, with gaps where a curve has no point', () => {
    const curves = lossCurves(metrics, null);
    expect(curves.epoch).toEqual([0, 0.5, 1, 1.5, 2]);
    expect(curves.step).toEqual([null, 0.4, 0.3, 0.2, 0.1]);
    expect(curves.validation).toEqual([0.5, null, 0.4, null, null]);
  });

  test('have how sure the held-out loss is around it, where that is known', () => {
    const { validation, low, high } = lossCurves(metrics, { errors: new Map([[1, 0.125]]) });
    expect(validation).toEqual([0.5, null, 0.4, null, null]);
    expect(low).toEqual([null, null, 0.275, null, null]);
    expect(high).toEqual([null, null, 0.525, null, null]);
  });

  test('are drawn apart, each with the points that it has', () => {
    const curves = lossCurves(metrics, null);
    expect(onlyWith('validation', curves)).toMatchObject({ epoch: [0, 1], validation: [0.5, 0.4] });
    expect(onlyWith('step', curves)).toMatchObject({ epoch: [0.5, 1, 1.5, 2], step: [0.4, 0.3, 0.2, 0.1] });
  });

  test('of held-out images have a scale of their own, whatever single steps do', () => {
    const drawn = heldOutLossRange({
      epoch: [0, 0.5, 1, 2],
      validation: [0.5, null, 0.104, 0.1],
      high: [0.6, null, 0.105, 0.1],
    })!;
    expect(drawn[0]).toBeGreaterThan(0.09);
    expect(drawn[1]).toBeLessThan(0.11);
    expect(heldOutLossRange({ epoch: [0.5], validation: [null], high: [null] })).toBeNull();
  });

  test('fill the chart, a few outliers of single steps aside', () => {
    const loss = counted(100).map((i) => (i === 50 ? 9 : 0.2 + (i % 10) / 100));
    const [low, high] = lossRange({ step: loss, smooth: [] });
    expect(low).toBeGreaterThan(0.15);
    expect(high).toBeLessThan(0.35);
  });

  test('have a range even where there is none to see', () => {
    expect(lossRange({ step: [], smooth: [] })).toEqual([0, 1]);
    const [low, high] = lossRange({ step: [0], smooth: [0] });
    expect(high).toBeGreaterThan(low);
  });
});
