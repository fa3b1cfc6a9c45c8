import { describe, expect, test } from 'vitest';

import { createPace, epochText, type StepEvent } from '../../electron/cli/job-text.ts';

function step(number: number): StepEvent {
  return {
    type: 'step',
    epoch: 1,
    step: number,
    totalSteps: 100,
    loss: 0.1,
    gradientNorm: 1,
    learningRate: 1,
    seconds: 0.1,
    images: 8,
  };
}

describe('progress in words', () => {
  test('tells an epoch with its losses', () => {
    const epoch = { type: 'epoch', epoch: 5, trainLoss: 0.123456, validationLoss: 0.2 } as const;
    expect(epochText(epoch, 100)).toBe('Epoch   5/100   train 0.1235   held out 0.2000');
    expect(epochText({ ...epoch, epoch: 0, trainLoss: null }, 100)).toBe('Before training   held out 0.2000');
    expect(epochText({ ...epoch, validationLoss: null }, 9)).toBe('Epoch 5/9   train 0.1235');
  });

  test('measures the pace by the clock, from the second step on', () => {
    let now = 0;
    const pace = createPace(50, () => now);
    expect(pace(step(41))).toEqual({ imagesPerSecond: null, secondsLeft: null });
    now = 2000;
    expect(pace(step(42))).toEqual({ imagesPerSecond: 4, secondsLeft: 116 });
    now = 3000;
    expect(pace(step(43))).toEqual({ imagesPerSecond: 16 / 3, secondsLeft: 85.5 });
  });

  test('forgets how fast it was long ago', () => {
    let now = 0;
    const pace = createPace(2, () => now);
    pace(step(1));
    now = 100_000;
    pace(step(2));
    now = 101_000;
    expect(pace(step(3))).toEqual({ imagesPerSecond: 8, secondsLeft: 97 });
  });
});
