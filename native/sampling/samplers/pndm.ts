import { noiseSchedule } from '../../noise/noise-schedule.ts';
import type { SchedulerConfig } from '../../noise/scheduler-config.ts';
import { combine, predictedNoise } from './prediction.ts';
import type { Latents, Sampler } from './sampler.ts';
import { roundHalfToEven, spacedTimesteps } from './timesteps.ts';

/** Adams-Bashforth weights by how many outputs are known, newest first. */
const weightsByHistory = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

/**
 * Pseudo numerical methods for diffusion models (Liu et al. 2022) in Stable Diffusion's form: linear multistep only,
 * started by making the first step twice (so `steps + 1` model calls, the second timestep coming twice).
 * A zero terminal signal-to-noise ratio is not looked at, as in diffusers: this method has to divide by the signal.
 */
export function pndm(config: SchedulerConfig, steps: number): Sampler {
  const { alphasCumprod, predictionType, trainTimesteps } = noiseSchedule({
    ...config,
    zeroTerminalSnr: false,
  });
  const spacing = config.timestepSpacing ?? 'leading';
  const once = spacedTimesteps(spacing, trainTimesteps, steps, config.stepsOffset).map(roundHalfToEven);
  const timesteps = steps > 1 ? [once[0]!, once[1]!, ...once.slice(1)] : once;
  const stride = Math.floor(trainTimesteps / steps);
  const finalAlpha = config.setAlphaToOne === true ? 1 : alphasCumprod[0]!;

  /** From the latents at `from` to those at `to` along the model output: Liu et al., equation 9. */
  const move = (latents: Latents, output: Float32Array, from: number, to: number): Latents => {
    const alpha = alphasCumprod[from]!;
    const nextAlpha = to >= 0 ? alphasCumprod[to]! : finalAlpha;
    const noise = predictedNoise(predictionType, Math.sqrt(alpha), Math.sqrt(1 - alpha));
    const alongNoise =
      (alpha - nextAlpha) / (alpha * Math.sqrt(1 - nextAlpha) + Math.sqrt(alpha * (1 - alpha) * nextAlpha));
    const weights = {
      latents: Math.sqrt(nextAlpha / alpha) + alongNoise * noise.latents,
      output: alongNoise * noise.output,
    };
    return combine(weights, latents, output);
  };

  let start: Latents | undefined;
  let outputs: Float32Array[] = [];
  let expected = 0;

  return {
    timesteps: Float32Array.from(timesteps),
    initialNoiseScale: 1,
    scaleInput: (latents) => latents,
    step(modelOutput, i, latents) {
      if (i !== expected++) throw new Error(`Step ${i} out of order: the outputs before it are needed`);
      const t = timesteps[i]!;
      if (i === 1) {
        // The first step again, from where it began, with the mean of the outputs at its two ends.
        const first = outputs[0]!;
        return move(
          start!,
          modelOutput.map((output, j) => (output + first[j]!) / 2),
          t + stride,
          t,
        );
      }
      if (i === 0) start = latents.slice();
      outputs = [modelOutput.slice(), ...outputs.slice(0, 3)];
      const weights = weightsByHistory[outputs.length - 1]!;
      const mixed = modelOutput.map((_, j) =>
        outputs.reduce((sum, output, k) => sum + weights[k]! * output[j]!, 0),
      );
      return move(latents, mixed, t, t - stride);
    },
  };
}
