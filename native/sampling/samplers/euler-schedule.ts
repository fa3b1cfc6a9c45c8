import { noiseSchedule } from '../../noise/noise-schedule.ts';
import type { SchedulerConfig } from '../../noise/scheduler-config.ts';
import { type Combination, predictedOriginal } from './prediction.ts';
import type { Latents, Sampler } from './sampler.ts';
import { interpolate, signalAndNoise, trainingSigmas } from './sigmas.ts';
import { spacedTimesteps } from './timesteps.ts';

/** What the two Euler samplers share: latents that are the clean ones plus sigma times noise. */
export interface EulerSchedule extends Omit<Sampler, 'step'> {
  /** Sigma at each model call, and, one longer than `timesteps`, at the end. */
  readonly sigmas: Float32Array;
  /** The clean latents that the model's output at call `i` stands for. */
  readonly original: (i: number) => Combination;
}

/** `finalSigma`: noise that is left in the result; usually 0. */
export function eulerSchedule(
  config: SchedulerConfig,
  steps: number,
  finalSigma: 'zero' | 'sigma_min',
): EulerSchedule {
  const schedule = noiseSchedule(config);
  const spacing = config.timestepSpacing ?? 'linspace';
  const timesteps = Float32Array.from(
    spacedTimesteps(spacing, schedule.trainTimesteps, steps, config.stepsOffset),
  );
  const all = trainingSigmas(schedule, config);
  const sigmas = new Float32Array(timesteps.length + 1);
  timesteps.forEach((t, i) => (sigmas[i] = interpolate(all, t)));
  sigmas[timesteps.length] = finalSigma === 'zero' ? 0 : all[0]!;
  const max = sigmas.reduce((a, b) => Math.max(a, b));
  return {
    timesteps,
    sigmas,
    initialNoiseScale: spacing === 'leading' ? Math.sqrt(max * max + 1) : max,
    scaleInput(latents: Latents, i: number) {
      const { signal } = signalAndNoise(sigmas[i]!);
      return latents.map((value) => value * signal);
    },
    original(i) {
      const { signal, noise } = signalAndNoise(sigmas[i]!);
      const { latents, output } = predictedOriginal(schedule.predictionType, signal, noise);
      return { latents: latents * signal, output };
    },
  };
}
