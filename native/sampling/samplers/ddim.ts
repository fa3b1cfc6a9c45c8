import { Failure } from '../../failure.ts';
import { noiseSchedule } from '../../noise/noise-schedule.ts';
import type { SchedulerConfig } from '../../noise/scheduler-config.ts';
import { predictedNoise, predictedOriginal } from './prediction.ts';
import type { Sampler } from './sampler.ts';
import { roundHalfToEven, spacedTimesteps } from './timesteps.ts';

/** Denoising Diffusion Implicit Models (Song et al. 2021), equation 12, without added noise (eta 0). */
export function ddim(config: SchedulerConfig, steps: number): Sampler {
  const { alphasCumprod, predictionType, trainTimesteps } = noiseSchedule(config);
  const spacing = config.timestepSpacing ?? 'leading';
  const timesteps = spacedTimesteps(spacing, trainTimesteps, steps, config.stepsOffset).map(roundHalfToEven);
  if (predictionType === 'epsilon' && timesteps.some((t) => alphasCumprod[t] === 0)) {
    throw new Failure(
      'zero-snr-epsilon',
      'A model that predicts noise cannot start from pure noise, as this schedule asks (“rescale_betas_zero_snr”)',
      'Choose another sampler, or correct “prediction_type” or “timestep_spacing” in the scheduler config.',
    );
  }
  const stride = Math.floor(trainTimesteps / steps);
  const finalAlpha = (config.setAlphaToOne ?? true) ? 1 : alphasCumprod[0]!;
  const bound = (config.clipSample ?? true) ? config.clipSampleRange : Infinity;

  return {
    timesteps: Float32Array.from(timesteps),
    initialNoiseScale: 1,
    scaleInput: (latents) => latents,
    step(modelOutput, i, latents) {
      const t = timesteps[i]!;
      const alpha = alphasCumprod[t]!;
      const nextAlpha = t - stride >= 0 ? alphasCumprod[t - stride]! : finalAlpha;
      const original = predictedOriginal(predictionType, Math.sqrt(alpha), Math.sqrt(1 - alpha));
      const noise = predictedNoise(predictionType, Math.sqrt(alpha), Math.sqrt(1 - alpha));
      const nextSignal = Math.sqrt(nextAlpha);
      const nextNoise = Math.sqrt(1 - nextAlpha);
      return latents.map((value, j) => {
        const output = modelOutput[j]!;
        const clean = original.latents * value + original.output * output;
        const clipped = Math.min(Math.max(clean, -bound), bound);
        return nextSignal * clipped + nextNoise * (noise.latents * value + noise.output * output);
      });
    },
  };
}
