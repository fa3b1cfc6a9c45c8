import type { PredictionType } from '../facts/config-facts.ts';
import { integer } from '../random/philox.ts';
import { noiseSchedule } from './noise-schedule.ts';
import type { SchedulerConfig } from './scheduler-config.ts';

/**
 * How training noises latents: noisy latents at time t are `signal` times the clean ones plus `noise` times standard
 * normal noise. Times are what the denoiser is told: indices into a table, or fractions where time is continuous.
 */
export interface NoiseProcess {
  /** What samplers go by. */
  readonly scheduler: SchedulerConfig;
  /** What the model's output means. */
  readonly predictionType: PredictionType;
  /** The time of one image of a training step, by its place in the step. */
  readonly drawTimestep: (seed: number, step: number, index: number) => number;
  /** The time at this fraction, below 1, of the way from clean to all noise. */
  readonly timestepAt: (fraction: number) => number;
  readonly ratesAt: (timestep: number) => { readonly signal: number; readonly noise: number };
  /** Signal-to-noise ratio. */
  readonly snr: (timestep: number) => number;
}

/** The process of a scheduler config: a table of training timesteps, drawn evenly (Ho et al. 2020). */
export function noiseProcess(scheduler: SchedulerConfig): NoiseProcess {
  const { trainTimesteps, alphasCumprod, predictionType, snr } = noiseSchedule(scheduler);
  return {
    scheduler,
    predictionType,
    drawTimestep: (seed, step, index) => integer(seed, 'timesteps', step, index, trainTimesteps),
    timestepAt: (fraction) => Math.floor(fraction * trainTimesteps),
    ratesAt: (timestep) => {
      const kept = alphasCumprod[timestep]!;
      return { signal: Math.sqrt(kept), noise: Math.sqrt(1 - kept) };
    },
    snr,
  };
}
