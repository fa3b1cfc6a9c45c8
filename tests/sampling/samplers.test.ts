import { describe, expect, test } from 'vitest';

import { samplers } from '../../native/facts/samplers.ts';
import { Failure } from '../../native/failure.ts';
import { parseSchedulerConfig } from '../../native/noise/scheduler-config.ts';
import { createSampler } from '../../native/sampling/create-sampler.ts';
import { createPictureNoise } from '../../native/sampling/picture-noise.ts';
import type { Sampler } from '../../native/sampling/samplers/sampler.ts';
import { reference, referenceConfig, type ReferenceRun, toyModel } from './diffusers-runs.ts';

const pictureShape = reference.shape.slice(1);

function sample(sampler: Sampler, noise: () => Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  let latents = noise().map((value) => value * sampler.initialNoiseScale);
  sampler.timesteps.forEach((timestep, i) => {
    latents = sampler.step(toyModel(sampler.scaleInput(latents, i), timestep), i, latents, noise);
  });
  return latents;
}

function samplerOf(run: ReferenceRun): Sampler {
  return createSampler(run.sampler, referenceConfig(run.config), run.steps);
}

/**
 * diffusers works in single precision, these samplers round once a step: 1e-5 of the largest value is some ten
 * roundings on from there. Where a schedule has next to no signal at its end, single precision holds latents in
 * the thousands, or divides by the signal, so diffusers' own rounding shows in the third digit.
 */
function tolerance(run: ReferenceRun): number {
  const relative = run.config.startsWith('cosine') || run.config.startsWith('zero-snr') ? 5e-3 : 1e-5;
  return relative * Math.max(1, ...run.latents.map(Math.abs));
}

const byConfig = Object.keys(reference.configs).flatMap((config) =>
  samplers.map((sampler) => ({
    config,
    sampler,
    runs: reference.runs.filter((run) => run.config === config && run.sampler === sampler),
  })),
);

describe.each(byConfig)('$sampler on $config', ({ runs }) => {
  test('visits the timesteps that diffusers visits, in 1, 2, 5, 20 and 30 steps', () => {
    expect(runs.map((run) => run.steps)).toEqual([1, 2, 5, 20, 30]);
    for (const run of runs) expect([...samplerOf(run).timesteps]).toEqual(run.timesteps.map(Math.fround));
  });

  test('starts from noise scaled as in diffusers', () => {
    for (const run of runs) {
      // Single precision against double.
      expect(samplerOf(run).initialNoiseScale / run.initialNoiseScale).toBeCloseTo(1, 6);
    }
  });

  test('ends at the latents that diffusers ends at', () => {
    for (const run of runs) {
      const latents = sample(samplerOf(run), createPictureNoise([reference.seed], pictureShape));
      const error = Math.max(...run.latents.map((value, i) => Math.abs(latents[i]! - value)));
      expect(error, `${run.steps} steps`).toBeLessThan(tolerance(run));
    }
  });
});

describe.each(samplers)('%s', (name) => {
  const config = referenceConfig('stable-diffusion-1');

  test('makes of each picture in a batch what it makes of that picture alone', () => {
    const together = sample(createSampler(name, config, 6), createPictureNoise([1, 2], pictureShape));
    const alone = [1, 2].map((seed) =>
      sample(createSampler(name, config, 6), createPictureNoise([seed], pictureShape)),
    );
    expect([...together]).toEqual(alone.flatMap((latents) => [...latents]));
  });

  test('leaves the arrays it is given as they were', () => {
    const sampler = createSampler(name, config, 3);
    const latents = createPictureNoise([1], pictureShape)();
    const output = toyModel(latents, 0);
    const before = [latents.slice(), output.slice()];
    sampler.scaleInput(latents, 0);
    sampler.step(output, 0, latents, () => new Float32Array(latents.length));
    expect([latents, output]).toEqual(before);
  });

  test('draws noise once a step if it is ancestral, and else never', () => {
    const noise = createPictureNoise([1], pictureShape);
    let draws = 0;
    const sampler = createSampler(name, config, 4);
    sample(sampler, () => {
      draws++;
      return noise();
    });
    expect(draws - 1).toBe(name === 'euler-ancestral' ? 4 : 0);
  });

  test.each([0, -3, 2.5, NaN, 1001])('refuses %d steps', (steps) => {
    expect(() => createSampler(name, config, steps)).toThrow(Failure);
  });
});

describe('samplers', () => {
  test('that look back refuse steps out of order', () => {
    const latents = new Float32Array(4);
    for (const name of ['pndm', 'dpm++-2m', 'dpm++-2m-karras'] as const) {
      const sampler = createSampler(name, referenceConfig('stable-diffusion-1'), 5);
      expect(() => sampler.step(latents, 1, latents, () => latents)).toThrow(/out of order/);
    }
  });

  test('with spacing “leading” refuse so many steps that the offset leads past the last timestep', () => {
    const config = referenceConfig('linear-velocity-leading');
    expect(() => createSampler('ddim', config, 1000)).toThrow(/1000 sampling steps/);
    expect(createSampler('ddim', { ...config, stepsOffset: 0 }, 1000).timesteps[0]).toBe(999);
  });

  test('refuse a model that predicts noise where DDIM would start from pure noise', () => {
    const config = parseSchedulerConfig(
      '{"rescale_betas_zero_snr": true, "timestep_spacing": "trailing"}',
      'scheduler_config.json',
    );
    expect(() => createSampler('ddim', config, 20)).toThrow(/pure noise/);
    expect(createSampler('ddim', { ...config, predictionType: 'v_prediction' }, 20).timesteps[0]).toBe(999);
  });
});
