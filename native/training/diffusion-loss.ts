import type { PredictionType } from '../facts/config-facts.ts';
import type { Value } from '../graph/graph.ts';
import { add, mul, sub } from '../graph/ops/elementwise.ts';
import { reduceSum } from '../graph/ops/reduce.ts';
import { reshape } from '../graph/ops/shape.ts';
import type { NoiseProcess } from '../noise/noise-process.ts';
import { robustErrors, type RobustKind } from './robust-loss.ts';

/** What of a loss changes its graph. */
export interface LossForm {
  /** How errors are measured; left out: by their squares alone. Those then count by `lossWeights`, and these by weights of their own. */
  readonly robust?: RobustKind;
  /** Whether the latents are noised with other noise than is to be predicted. */
  readonly perturbs?: boolean;
  /** Whether latents count differently by where they are. */
  readonly masked?: boolean;
}

export interface DiffusionBatch {
  /** Clean, scaled latents [n, c, h, w] and standard normal noise of the same shape. */
  readonly latents: Value;
  readonly noise: Value;
  /** sqrt(alphasCumprod) and sqrt(1 - alphasCumprod) at each sample's timestep: [n]. */
  readonly signalRate: Value;
  readonly noiseRate: Value;
  /** What each sample's mean squared error counts: [n]. Zero for padding. */
  readonly lossWeights: Value;
  /** What the sample's robust error counts, and its threshold: [n]. */
  readonly robust?: { readonly kind: RobustKind; readonly weights: Value; readonly thresholds: Value };
  /** The noise that is added, where it is another than is to be predicted. */
  readonly addedNoise?: Value;
  /** What the errors at each place count: [n, 1, h, w]. */
  readonly mask?: Value;
}

/** Latents as the model sees them: [n, c, h, w]. */
export function addNoise({
  latents,
  noise,
  addedNoise = noise,
  signalRate,
  noiseRate,
}: DiffusionBatch): Value {
  return add(mul(latents, perSample(signalRate)), mul(addedNoise, perSample(noiseRate)));
}

/** Σ weight · mean squared error of each sample's prediction, and the same of robust errors; a scalar. */
export function diffusionLoss(
  predicted: Value,
  batch: DiffusionBatch,
  predictionType: PredictionType,
): Value {
  const { latents, noise, signalRate, noiseRate, lossWeights, robust, mask } = batch;
  const target =
    predictionType === 'epsilon'
      ? noise
      : sub(mul(noise, perSample(signalRate)), mul(latents, perSample(noiseRate)));
  const difference = sub(predicted, target);
  const elements = latents.shape.slice(1).reduce((product, extent) => product * extent, 1);
  const squares = mul(difference, difference);
  const weighted = (errors: Value, weights: Value): Value =>
    reduceSum(mul(reduceSum(mask ? mul(errors, mask) : errors, [1, 2, 3]), mul(weights, 1 / elements)), [0]);
  const loss = weighted(squares, lossWeights);
  if (!robust) return loss;
  const errors = robustErrors(squares, perSample(robust.thresholds), robust.kind);
  return add(loss, weighted(errors, robust.weights));
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

/**
 * The weight of timestep `t` by debiased estimation (Yu et al. 2023), with sd-scripts' bound on the SNR: 1 / sqrt(snr) for noise
 * prediction, 1 / (snr + 1) for v-prediction.
 */
export function debiasedWeight(
  { predictionType, snr: snrAt }: Pick<NoiseProcess, 'predictionType' | 'snr'>,
  t: number,
): number {
  const snr = Math.min(snrAt(t), mostSnr);
  return predictionType === 'v_prediction' ? 1 / (snr + 1) : 1 / Math.sqrt(snr);
}

const mostSnr = 1000;
