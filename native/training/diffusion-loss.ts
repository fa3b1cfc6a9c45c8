import type { PredictionType } from '../facts/config-facts.ts';
import type { Value } from '../graph/graph.ts';
import { add, mul, sub } from '../graph/ops/elementwise.ts';
import { reduceSum } from '../graph/ops/reduce.ts';
import { reshape } from '../graph/ops/shape.ts';
import type { NoiseProcess } from '../noise/noise-process.ts';

export interface DiffusionBatch {
  /** Clean, scaled latents [n, c, h, w] and standard normal noise of the same shape. */
  readonly latents: Value;
  readonly noise: Value;
  /** sqrt(alphasCumprod) and sqrt(1 - alphasCumprod) at each sample's timestep: [n]. */
  readonly signalRate: Value;
  readonly noiseRate: Value;
  /** What each sample's mean squared error counts: [n]. Zero for padding. */
  readonly lossWeights: Value;
}

/** Latents as the model sees them: [n, c, h, w]. */
export function addNoise({ latents, noise, signalRate, noiseRate }: DiffusionBatch): Value {
  return add(mul(latents, perSample(signalRate)), mul(noise, perSample(noiseRate)));
}

/** Σ weight · mean squared error of each sample's prediction; a scalar. */
export function diffusionLoss(
  predicted: Value,
  batch: DiffusionBatch,
  predictionType: PredictionType,
): Value {
  const { latents, noise, signalRate, noiseRate, lossWeights } = batch;
  const target =
    predictionType === 'epsilon'
      ? noise
      : sub(mul(noise, perSample(signalRate)), mul(latents, perSample(noiseRate)));
  const difference = sub(predicted, target);
  const elements = latents.shape.slice(1).reduce((product, extent) => product * extent, 1);
  const perSampleSums = reduceSum(mul(difference, difference), [1, 2, 3]);
  return reduceSum(mul(perSampleSums, mul(lossWeights, 1 / elements)), [0]);
}

function perSample(x: Value): Value {
  return reshape(x, [x.shape[0]!, 1, 1, 1]);
}

/**
 * Min-SNR weight of timestep `t` (Hang et al. 2023): min(snr, gamma) / snr for noise prediction,
 * min(snr, gamma) / (snr + 1) for v-prediction; 1 without a gamma.
 */
export function timestepWeight(
  { predictionType, snr: snrAt }: Pick<NoiseProcess, 'predictionType' | 'snr'>,
  t: number,
  gamma: number,
): number {
  if (gamma <= 0) return 1;
  const snr = snrAt(t);
  const capped = Math.min(snr, gamma);
  if (predictionType === 'v_prediction') return capped / (snr + 1);
  // At a zero terminal SNR both are zero, and their ratio tends to one.
  return snr === 0 ? 1 : capped / snr;
}
