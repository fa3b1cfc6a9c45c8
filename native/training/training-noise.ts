import { hasZeroSnr, usualNoise } from '../facts/losses.ts';
import type { OpenModel } from '../families/family.ts';
import { checkZeroSnr } from '../families/settings-fit.ts';
import type { JsonObject } from '../files/json-file.ts';
import type { TrainingSettings } from '../jobs.ts';
import { noiseProcess } from '../noise/noise-process.ts';
import { normals, uniform } from '../random/philox.ts';
import { addNoisePyramid } from './noise-pyramid.ts';

interface LatentSize {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** The noise of an image that the model is to predict, [c, h, w]: normal, with whatever the settings add to it. */
export function trainingNoise(
  { seed, noiseOffset, noise: { pyramidIterations, pyramidDiscount } = usualNoise }: NoiseChoice,
  step: number,
  index: number,
  size: LatentSize,
): Float32Array<ArrayBuffer> {
  const { channels, height, width } = size;
  const area = height * width;
  const noise = normals(seed, 'noise', step, index, new Float32Array(channels * area));
  if (noiseOffset > 0) {
    const offsets = normals(seed, 'noise-offset', step, index, new Float32Array(channels));
    for (let k = 0; k < noise.length; k++)
      noise[k] = noise[k]! + noiseOffset * offsets[Math.floor(k / area)]!;
  }
  if (pyramidIterations > 0) {
    addNoisePyramid(
      noise,
      size,
      { iterations: pyramidIterations, discount: pyramidDiscount },
      {
        // Each level has a range of indices of its own, far beyond the images of a step.
        ratio: (level) => 2 + 2 * uniform(seed, 'noise-pyramid-ratio', step, levelIndex(index, level)),
        normals: (level, count) =>
          normals(seed, 'noise-pyramid', step, levelIndex(index, level), new Float32Array(count)),
      },
    );
  }
  return noise;
}

type NoiseChoice = Pick<TrainingSettings, 'seed' | 'noiseOffset' | 'noise'>;

/** Images and class images of a step are fewer than 2^26 each. */
function levelIndex(index: number, level: number): number {
  return (index % 2 ** 31) * 32 + (index >= 2 ** 31 ? 16 : 0) + level;
}

/** That noise with more laid over it, which the model sees and is not to predict (Ning et al. 2023). */
export function perturbed(
  noise: Float32Array<ArrayBuffer>,
  { seed, noise: settings }: NoiseChoice,
  step: number,
  index: number,
): Float32Array<ArrayBuffer> {
  const gamma = settings?.inputPerturbation ?? 0;
  const more = normals(seed, 'input-perturbation', step, index, new Float32Array(noise.length));
  return noise.map((value, i) => value + gamma * more[i]!);
}

/**
 * The model as it is trained: with a zero terminal SNR where that is asked for (Lin et al. 2023, algorithm 1).
 * @throws Failure `zero-snr-noise`
 */
export function withTrainingNoise(model: OpenModel, settings: Pick<TrainingSettings, 'noise'>): OpenModel {
  if (!hasZeroSnr(settings)) return model;
  const { scheduler } = model.noise;
  checkZeroSnr(settings, scheduler.predictionType);
  return {
    ...model,
    noise: noiseProcess({ ...scheduler, zeroTerminalSnr: true, timestepSpacing: 'trailing' }),
  };
}

/**
 * What a checkpoint says of its noise schedule; null where it is the base's. Timesteps are spaced so that sampling begins where all is
 * noise (Lin et al. 2023, table 2).
 */
export function checkpointScheduler(
  base: JsonObject,
  settings: Pick<TrainingSettings, 'noise'>,
): JsonObject | null {
  return hasZeroSnr(settings)
    ? { ...base, rescale_betas_zero_snr: true, timestep_spacing: 'trailing' }
    : null;
}
