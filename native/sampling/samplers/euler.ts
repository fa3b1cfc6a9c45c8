import type { SchedulerConfig } from '../../noise/scheduler-config.ts';
import { eulerSchedule } from './euler-schedule.ts';
import { combine } from './prediction.ts';
import type { Sampler } from './sampler.ts';

/** Euler's method on the probability flow: Karras et al. (2022), algorithm 2 without churn and second-order correction. */
export function euler(config: SchedulerConfig, steps: number): Sampler {
  const { timesteps, initialNoiseScale, sigmas, scaleInput, original } = eulerSchedule(
    config,
    steps,
    config.finalSigma,
  );
  return {
    timesteps,
    initialNoiseScale,
    scaleInput,
    step(modelOutput, i, latents) {
      const clean = original(i);
      // latents + (latents - clean) / sigma * (next sigma - sigma)
      const kept = sigmas[i + 1]! / sigmas[i]!;
      const weights = { latents: kept + (1 - kept) * clean.latents, output: (1 - kept) * clean.output };
      return combine(weights, latents, modelOutput);
    },
  };
}
