import type { PredictionType } from '../facts/config-facts.ts';
import type { SchedulerConfig } from './scheduler-config.ts';

/** How much of the image is left in the latents at each training timestep. */
export interface NoiseSchedule {
  /** Length of the arrays; timesteps count from 0, the cleanest. */
  readonly trainTimesteps: number;
  readonly betas: Float32Array<ArrayBuffer>;
  /**
   * Noisy latents at t are sqrt(alphasCumprod[t]) times the clean ones plus sqrt(1 - alphasCumprod[t]) times standard
   * normal noise. The last is 0 with a zero terminal signal-to-noise ratio.
   */
  readonly alphasCumprod: Float32Array<ArrayBuffer>;
  readonly predictionType: PredictionType;
  /** Signal-to-noise ratio at training timestep `t`: alphasCumprod / (1 - alphasCumprod). */
  readonly snr: (t: number) => number;
}

/**
 * The noise schedule of a scheduler config, in single precision where diffusers is, so that training and sampling see
 * the numbers a model was made with.
 * Sources: DDPM (Ho et al. 2020) for `linear`, Latent Diffusion (Rombach et al. 2022) for `scaled_linear`, Nichol and
 * Dhariwal (2021) for `squaredcos_cap_v2`, Lin et al. (2023), algorithm 1, for the zero terminal SNR.
 */
export function noiseSchedule(config: SchedulerConfig): NoiseSchedule {
  let betas = trainingBetas(config);
  if (config.zeroTerminalSnr) betas = withZeroTerminalSnr(betas);
  const alphasCumprod = cumulativeAlphas(betas);
  return {
    trainTimesteps: config.trainTimesteps,
    betas,
    alphasCumprod,
    predictionType: config.predictionType,
    snr: (t) => alphasCumprod[t]! / (1 - alphasCumprod[t]!),
  };
}

function trainingBetas(config: SchedulerConfig): Float32Array<ArrayBuffer> {
  const { betaStart, betaEnd, trainTimesteps } = config;
  if (config.trainedBetas !== undefined) return Float32Array.from(config.trainedBetas);
  switch (config.betaSchedule) {
    case 'linear':
      return evenlySpaced(betaStart, betaEnd, trainTimesteps);
    case 'scaled_linear':
      return evenlySpaced(Math.sqrt(betaStart), Math.sqrt(betaEnd), trainTimesteps).map(
        (root) => root * root,
      );
    case 'squaredcos_cap_v2': {
      const alphaBar = (t: number): number => Math.cos(((t + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
      return Float32Array.from({ length: trainTimesteps }, (_, i) =>
        Math.min(1 - alphaBar((i + 1) / trainTimesteps) / alphaBar(i / trainTimesteps), 0.999),
      );
    }
  }
}

/** Single precision, counted from both ends as `torch.linspace` does. */
function evenlySpaced(start: number, end: number, count: number): Float32Array<ArrayBuffer> {
  const first = Math.fround(start);
  const last = Math.fround(end);
  const step = count > 1 ? Math.fround(Math.fround(last - first) / (count - 1)) : 0;
  return Float32Array.from({ length: count }, (_, i) =>
    i < count / 2 ? first + step * i : last - step * (count - 1 - i),
  );
}

/** Products of 1 - beta, accumulated in double precision and stored in single, as `torch.cumprod` does. */
function cumulativeAlphas(betas: Float32Array): Float32Array<ArrayBuffer> {
  let product = 1;
  return Float32Array.from(betas, (beta) => (product *= Math.fround(1 - beta)));
}

function withZeroTerminalSnr(betas: Float32Array): Float32Array<ArrayBuffer> {
  const roots = cumulativeAlphas(betas).map(Math.sqrt);
  const first = roots[0]!;
  const last = roots[roots.length - 1]!;
  const scale = Math.fround(first / Math.fround(first - last));
  const alphaBars = roots.map((root) => {
    const shifted = Math.fround(Math.fround(root - last) * scale);
    return shifted * shifted;
  });
  return alphaBars.map((alphaBar, i) =>
    i === 0 ? 1 - alphaBar : 1 - Math.fround(alphaBar / alphaBars[i - 1]!),
  );
}
