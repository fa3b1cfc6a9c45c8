import { describe, expect, test } from 'vitest';

import { noiseSchedule } from '../../native/noise/noise-schedule.ts';
import { parseSchedulerConfig } from '../../native/noise/scheduler-config.ts';
import { timestepWeight } from '../../native/training/diffusion-loss.ts';
import { tinyScheduler } from './tiny-model.ts';

const schedule = (changes: object) =>
  noiseSchedule(
    parseSchedulerConfig(JSON.stringify({ ...tinyScheduler, ...changes }), 'scheduler_config.json'),
  );
const epsilon = schedule({ prediction_type: 'epsilon' });
const velocity = schedule({ prediction_type: 'v_prediction' });
const timesteps = [0, 1, 100, 500, 998, 999];

// Hang et al. 2023: min(snr, gamma) / snr, and for v-prediction min(snr, gamma) / (snr + 1).
describe('the weight of a timestep', () => {
  test('is one without a gamma', () => {
    for (const t of timesteps) expect(timestepWeight(epsilon, t, 0)).toBe(1);
  });

  test('is min(snr, gamma) / snr for noise prediction', () => {
    for (const t of timesteps) {
      const snr = epsilon.alphasCumprod[t]! / (1 - epsilon.alphasCumprod[t]!);
      expect(timestepWeight(epsilon, t, 5)).toBe(Math.min(snr, 5) / snr);
    }
    expect(timestepWeight(epsilon, 0, 5)).toBeLessThan(0.01);
    expect(timestepWeight(epsilon, 999, 5)).toBe(1);
  });

  test('is min(snr, gamma) / (snr + 1) for v-prediction', () => {
    for (const t of timesteps) {
      const snr = velocity.alphasCumprod[t]! / (1 - velocity.alphasCumprod[t]!);
      expect(timestepWeight(velocity, t, 5)).toBe(Math.min(snr, 5) / (snr + 1));
    }
  });

  test('is a number where the last timestep is pure noise', () => {
    const zero = { rescale_betas_zero_snr: true };
    const [noise, v] = [
      schedule({ ...zero, prediction_type: 'epsilon' }),
      schedule({ ...zero, prediction_type: 'v_prediction' }),
    ];
    expect(noise.snr(999)).toBe(0);
    // The limit of snr / snr, and of snr / (snr + 1).
    expect(timestepWeight(noise, 999, 5)).toBe(1);
    expect(timestepWeight(v, 999, 5)).toBe(0);
  });
});
