import { describe, expect, test } from 'vitest';

import type { TrainingSettings, TrainJob } from '../../native/jobs.ts';
import { jobFingerprint } from '../../native/training/run-state.ts';

const before = { epochs: 3, batchSize: 4, gradientAccumulation: 2 };
const after = {
  maxGradientNorm: 1,
  emaDecay: 0,
  minSnrGamma: 0,
  noiseOffset: 0,
  captionDropout: 0.1,
  randomFlip: false,
  seed: 0,
  checkpointPrecision: 'float16',
  stateEveryMinutes: 10,
  learningRate: 1e-5,
  checkpointEpochs: [1, 2, 3],
  schedule: { kind: 'constant', warmupSteps: 0 },
} as const;
const numbers = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };

function fingerprintOf(settings: TrainingSettings): string {
  const image = {
    id: 'a.png',
    path: '/photos/a.png',
    captions: ['a fox'],
    width: 64,
    height: 64,
    repeats: 1,
  };
  const job: TrainJob = {
    kind: 'train',
    folder: '/runs/foxes',
    cacheFolder: '/cache',
    base: '/base',
    method: { kind: 'full', textEncoder: false },
    settings,
    images: [image],
    validation: [],
    device: {},
  };
  return jobFingerprint(job);
}

/** What the version before jobs named their optimizer made of this job. */
const known = '4dac1808e2efc87372a184dca8694df2dee9f7b766d58945d410130b63bd5ade';

describe('the fingerprint of a job', () => {
  test('is what it was before jobs named their optimizer', () => {
    expect(fingerprintOf({ ...before, ...numbers, ...after })).toBe(known);
  });

  test('is the same where AdamW is named, in whatever order its settings are', () => {
    expect(fingerprintOf({ ...before, optimizer: { kind: 'adamw', ...numbers }, ...after })).toBe(known);
    const { weightDecay, ...others } = numbers;
    const optimizer = { weightDecay, ...others, kind: 'adamw' } as const;
    expect(fingerprintOf({ ...before, optimizer, ...after })).toBe(known);
  });

  test('is another with another setting of the optimizer', () => {
    for (const name of Object.keys(numbers)) {
      const optimizer = { kind: 'adamw', ...numbers, [name]: 0.5 } as const;
      expect(fingerprintOf({ ...before, optimizer, ...after }), name).not.toBe(known);
    }
  });

  test('does not heed how often states are saved', () => {
    expect(fingerprintOf({ ...before, ...numbers, ...after, stateEveryMinutes: 1 })).toBe(known);
  });
});
