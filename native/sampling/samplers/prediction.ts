import type { PredictionType } from '../../facts/config-facts.ts';

/** A quantity as a weighted sum of the latents and the model's output. */
export interface Combination {
  readonly latents: number;
  readonly output: number;
}

/**
 * The clean latents a model's output stands for. `signal`, `noise`: sqrt(alphasCumprod) and sqrt(1 - alphasCumprod) of
 * the latents. `epsilon`: (latents - noise output) / signal, DDIM (Song et al. 2021), equation 12. `v_prediction`:
 * signal latents - noise output, Salimans and Ho (2022), section 2.4.
 */
export function predictedOriginal(type: PredictionType, signal: number, noise: number): Combination {
  switch (type) {
    case 'epsilon':
      return { latents: 1 / signal, output: -noise / signal };
    case 'v_prediction':
      return { latents: signal, output: -noise };
  }
}

/** The noise a model's output stands for: the output itself, or noise latents + signal output. */
export function predictedNoise(type: PredictionType, signal: number, noise: number): Combination {
  switch (type) {
    case 'epsilon':
      return { latents: 0, output: 1 };
    case 'v_prediction':
      return { latents: noise, output: signal };
  }
}

/** The combination, elementwise, in a new array. */
export function combine(
  weights: Combination,
  latents: Float32Array,
  output: Float32Array,
): Float32Array<ArrayBuffer> {
  const result = new Float32Array(latents.length);
  for (let i = 0; i < result.length; i++) {
    result[i] = weights.latents * latents[i]! + weights.output * output[i]!;
  }
  return result;
}
