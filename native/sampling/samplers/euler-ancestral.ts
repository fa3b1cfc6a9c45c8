import type { SchedulerConfig } from '../../noise/scheduler-config.ts';
import { eulerSchedule } from './euler-schedule.ts';
import type { Sampler } from './sampler.ts';

/**
 * Euler steps to less noise than the next sigma, made up for with fresh noise: ancestral sampling (DDPM, Ho et al.
 * 2020) in the variables of Karras et al. (2022). Fresh noise is drawn at the last step too, where its weight is 0.
 */
export function eulerAncestral(config: SchedulerConfig, steps: number): Sampler {
  const { timesteps, initialNoiseScale, sigmas, scaleInput, original } = eulerSchedule(config, steps, 'zero');
  return {
    timesteps,
    initialNoiseScale,
    scaleInput,
    step(modelOutput, i, latents, noise) {
      const from = sigmas[i]!;
      const to = sigmas[i + 1]!;
      const up = (to / from) * Math.sqrt(from * from - to * to);
      const down = (to * to) / from;
      const clean = original(i);
      const kept = down / from;
      const fresh = noise();
      return latents.map((value, j) => {
        const target = clean.latents * value + clean.output * modelOutput[j]!;
        return kept * value + (1 - kept) * target + up * fresh[j]!;
      });
    },
  };
}
