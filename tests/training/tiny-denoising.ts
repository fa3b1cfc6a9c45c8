import { type OptimizerSettings, usualSettings } from '../../native/facts/optimizers.ts';
import type { ComputePrecision } from '../../native/facts/precision.ts';
import { unetDenoiser } from '../../native/families/stable-diffusion/parts.ts';
import { elementCount } from '../../native/graph/data-type.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import { createOptimizer } from '../../native/optimizers/optimizers.ts';
import { normals, uniform } from '../../native/random/philox.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { buildArtifacts, kindOf } from '../../native/training/artifacts.ts';
import { buildDiffusionGraph } from '../../native/training/diffusion-graph.ts';
import { drawnWeights } from '../../native/training/initial-weights.ts';
import { firstLossScale, nextLossScale } from '../../native/training/loss-scale.ts';
import type { BatchData } from '../../native/training/shape-sessions.ts';
import { createTrainer, type Trainer } from '../../native/training/trainer.ts';
import { plainUNet, statesAlone, tinyConfigs } from './tiny-model.ts';

const [rows, tokens, width] = [4, 4, 16];
const shape = { rows, size: { height: 8, width: 8 } };

export interface TinyDenoising {
  readonly precision?: ComputePrecision;
  readonly optimizer?: OptimizerSettings;
  /** Of first weights and of all batches. */
  readonly seed: number;
  readonly unet?: 'plain' | 'tiny';
}

/** A trainer of the tiny UNet by itself, on latents that are drawn. */
export function openTinyDenoising(
  runtime: Runtime,
  { precision = 'float32', optimizer = usualSettings('adamw'), seed, unet = 'tiny' }: TinyDenoising,
): Promise<Trainer> {
  const config = readUNetConfig(unet === 'plain' ? plainUNet : tinyConfigs.unet);
  const artifacts = buildArtifacts(
    buildDiffusionGraph({
      denoiser: unetDenoiser(config),
      conditioning: statesAlone(tokens, width),
      noise: { predictionType: 'epsilon' },
      encodes: false,
      trained: 'full',
      shape,
      matrixConv: runtime.prefersMatrixConv,
    }),
    { ...kindOf(runtime), precision },
  );
  return createTrainer({
    runtime,
    rule: {
      optimizer: createOptimizer(optimizer),
      maxGradientNorm: 1,
      ema: false,
      scalesLoss: precision === 'float16',
    },
    trainable: artifacts.trainable,
    initial: (parameter) => Promise.resolve(drawnWeights(parameter, seed)),
    frozen: ({ name }) => Promise.reject(new Error(name)),
    artifacts: () => artifacts,
    accumulate: false,
  });
}

/** The loss of a step, which a trainer in float16 may skip. */
export async function takeSteps(
  trainer: Trainer,
  seed: number,
  count: number,
  learningRate: number,
): Promise<number[]> {
  const losses: number[] = [];
  let scale = firstLossScale;
  for (let step = 1; step <= count; step++) {
    trainer.scaleLoss(trainer.scalesLoss ? scale.scale : 1);
    losses.push(await trainer.backward(shape, batchOf(seed, step), true));
    const norm = await trainer.update(step - scale.skipped, learningRate, 0);
    if (trainer.scalesLoss) scale = nextLossScale(scale, !Number.isFinite(norm))!;
  }
  return losses;
}

/** The loss of batches that are in no step, of the same latents. */
export async function heldOutLoss(trainer: Trainer, seed: number): Promise<number> {
  const batches = 8;
  let sum = 0;
  for (let i = 1; i <= batches; i++) sum += await trainer.evaluate(shape, batchOf(seed, 1_000_000 + i));
  return sum / batches;
}

/** Latents are eight pictures of smooth waves, so that there is something to learn. */
export function batchOf(seed: number, step: number): BatchData {
  const noise = normals(seed, 'noise', step, 0, new Float32Array(elementCount([rows, 4, 8, 8])));
  const latents = new Float32Array(noise.length);
  const states = new Float32Array(rows * tokens * width);
  const rates = { signal: new Float32Array(rows), noise: new Float32Array(rows) };
  const timesteps = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const picture = Math.floor(8 * uniform(seed, 'captions', step, row));
    for (let i = 0; i < 256; i++) {
      const [channel, y, x] = [i >> 6, (i >> 3) & 7, i & 7];
      latents[row * 256 + i] = 1.5 * Math.sin((picture + 1) * 0.35 * (x + channel) + 0.5 * y * (picture % 3));
    }
    states.fill(Math.sin(picture), row * tokens * width, (row + 1) * tokens * width);
    const t = uniform(seed, 'timesteps', step, row);
    timesteps[row] = Math.floor(1000 * t);
    rates.signal[row] = Math.cos((t * Math.PI) / 2);
    rates.noise[row] = Math.sin((t * Math.PI) / 2);
  }
  return {
    latents,
    noise,
    encoder_hidden_states: states,
    timesteps,
    signal_rate: rates.signal,
    noise_rate: rates.noise,
    loss_weights: new Float32Array(rows).fill(1 / rows),
  };
}
