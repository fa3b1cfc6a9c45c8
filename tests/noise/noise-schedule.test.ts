import { describe, expect, test } from 'vitest';

import { noiseSchedule } from '../../native/noise/noise-schedule.ts';
import { parseSchedulerConfig } from '../../native/noise/scheduler-config.ts';
import { referenceAlphas, referenceConfig } from '../sampling/diffusers-runs.ts';

function scheduleOf(config: object): ReturnType<typeof noiseSchedule> {
  return noiseSchedule(parseSchedulerConfig(JSON.stringify(config), 'scheduler_config.json'));
}

describe('the noise schedule', () => {
  test.each(['stable-diffusion-1', 'linear-defaults', 'cosine-linspace'])(
    'has the numbers of diffusers to the bit: %s',
    (name) => {
      const { alphasCumprod } = noiseSchedule(referenceConfig(name));
      expect([...alphasCumprod]).toEqual(referenceAlphas[name]!.map(Math.fround));
    },
  );

  test('has those of a zero terminal signal-to-noise ratio to two units in the last place', () => {
    // PyTorch's vectorised square root is not always the nearest single-precision number; ours is.
    const { alphasCumprod } = noiseSchedule(referenceConfig('zero-snr-velocity-trailing'));
    const expected = referenceAlphas['zero-snr-velocity-trailing']!;
    const errors = expected.map((alpha, t) => Math.abs(alphasCumprod[t]! - alpha));
    errors.forEach((error, t) => {
      expect(error).toBeLessThanOrEqual(2 ** -22 * expected[t]!);
    });
    expect(alphasCumprod[999]).toBe(0);
  });

  test('with a zero terminal ratio leaves the cleanest timestep as it was', () => {
    const config = { beta_schedule: 'scaled_linear', beta_start: 0.00085, beta_end: 0.012 };
    const plain = scheduleOf(config);
    const rescaled = scheduleOf({ ...config, rescale_betas_zero_snr: true });
    expect(rescaled.alphasCumprod[0]).toBeCloseTo(plain.alphasCumprod[0]!, 6);
    expect(rescaled.snr(999)).toBe(0);
  });

  test('gives the signal-to-noise ratio, which falls from step to step', () => {
    const { snr, alphasCumprod } = scheduleOf({});
    expect(snr(500)).toBeCloseTo(alphasCumprod[500]! / (1 - alphasCumprod[500]!), 12);
    for (let t = 1; t < 1000; t++) expect(snr(t)).toBeLessThan(snr(t - 1));
  });

  test('takes betas that are given one by one', () => {
    const { betas, alphasCumprod } = scheduleOf({ num_train_timesteps: 3, trained_betas: [0.5, 0.5, 0.25] });
    expect([...betas]).toEqual([0.5, 0.5, 0.25]);
    expect([...alphasCumprod]).toEqual([0.5, 0.25, 0.1875]);
  });
});
