import { type OptimizerKind, usualSettings } from '../../native/facts/optimizers.ts';
import type { ComputePrecision } from '../../native/facts/precision.ts';
import { takesAdapter } from '../../native/families/stable-diffusion/lora.ts';
import { type DataArray, elementCount } from '../../native/graph/data-type.ts';
import type { Parameter } from '../../native/models/parameter.ts';
import { readUNetConfig, type UNetConfig } from '../../native/models/unet.ts';
import { createOptimizer } from '../../native/optimizers/optimizers.ts';
import { normals } from '../../native/random/philox.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { buildArtifacts, type TrainingArtifacts } from '../../native/training/artifacts.ts';
import type { BatchShape } from '../../native/training/batch-shape.ts';
import { buildDiffusionGraph } from '../../native/training/diffusion-graph.ts';
import { createTrainer, type Trainer } from '../../native/training/trainer.ts';
import { conditioningOf, denoiserOf } from '../../tests/training/full-size-model.ts';

/** A training step of a UNet by itself: what stands around it in a run takes no time beside it. */
export interface DenoisingStep {
  readonly method: 'full' | 'lora';
  /** The UNet's config.json, parsed. */
  readonly config: unknown;
  readonly rows: number;
  /** Edge of the latents. */
  readonly size: number;
  readonly tokens: number;
  /** Whether what is inside of modules is computed again on the way back. */
  readonly recompute?: boolean;
  /** Bytes of it that are kept all the same; default 0. */
  readonly keptInside?: number;
  /** What frozen weights are held in. */
  readonly frozenType?: 'float32' | 'float16';
  /** Whether weights are updated during the backward pass. */
  readonly fused?: boolean;
}

const shapeOf = ({ rows, size }: DenoisingStep): BatchShape => ({
  rows,
  size: { height: size, width: size },
});

/** Rank 16 on every module that takes an adapter, or all weights. */
export function denoisingArtifacts(
  step: DenoisingStep,
  runtime: Runtime,
  precision: ComputePrecision = 'float32',
): TrainingArtifacts {
  const config = readUNetConfig(step.config);
  return buildArtifacts(
    buildDiffusionGraph({
      denoiser: denoiserOf(config),
      conditioning: conditioningOf(config, step.tokens),
      noise: { predictionType: 'epsilon' },
      encodes: false,
      trained: step.method === 'lora' ? { rank: 16, scale: 1, takes: takesAdapter } : 'full',
      shape: shapeOf(step),
      matrixConv: runtime.prefersMatrixConv,
      frozenType: () => step.frozenType ?? 'float32',
    }),
    {
      ...{ tensorsAreArrays: runtime.tensorsAreArrays, precision },
      ...{ recompute: step.recompute ?? false, keptInside: step.keptInside ?? 0 },
    },
  );
}

export interface BegunDenoisingStep {
  /** Loss and gradient norm. */
  readonly outcome: Promise<readonly [loss: number, gradientNorm: number]>;
}

/** The trainer of a step, and the step on random numbers: resolves to loss and gradient norm. */
export async function openDenoisingStep(
  step: DenoisingStep,
  runtime: Runtime,
  artifacts: TrainingArtifacts,
  weight: (parameter: Parameter) => Float32Array<ArrayBuffer>,
  optimizer: OptimizerKind = 'adamw',
): Promise<{
  readonly trainer: Trainer;
  readonly run: (number: number) => Promise<{ readonly loss: number; readonly gradientNorm: number }>;
  /** The same; where the trainer runs ahead, this resolves while the device is still at it. */
  readonly begin: (number: number) => Promise<BegunDenoisingStep>;
}> {
  const initial = (parameter: Parameter): Promise<Float32Array<ArrayBuffer>> =>
    Promise.resolve(weight(parameter));
  // Made before the first step, which is timed, and let go of as soon as they are taken; but all of them in float32 are more than a
  // step takes that holds them in float16.
  const early = step.frozenType === 'float16' ? [] : artifacts.frozen;
  const frozen = new Map(early.map((parameter) => [parameter.name, weight(parameter)] as const));
  const trainer = await createTrainer({
    runtime,
    rule: {
      optimizer: createOptimizer(usualSettings(optimizer)),
      maxGradientNorm: 1,
      ema: false,
      scalesLoss: artifacts.precision === 'float16',
    },
    trainable: artifacts.trainable,
    initial,
    frozen: (parameter) => {
      const values = frozen.get(parameter.name) ?? weight(parameter);
      frozen.delete(parameter.name);
      return Promise.resolve(values);
    },
    artifacts: () => artifacts,
    accumulate: false,
    fused: step.fused ?? false,
  });
  // Random weights have large gradients: a scale that no step of these few is skipped for.
  if (trainer.scalesLoss) trainer.scaleLoss(128);
  const batch = randomBatch(step, readUNetConfig(step.config));
  const begin = async (number: number): Promise<BegunDenoisingStep> => {
    const rates = { step: number, learningRate: 1e-5, emaDecay: 0 };
    const loss = await trainer.beginBackward(shapeOf(step), batch, true, rates);
    const update = await trainer.beginUpdate(number, rates.learningRate, rates.emaDecay);
    return { outcome: Promise.all([loss.value, update.value]) };
  };
  return {
    trainer,
    begin,
    run: async (number) => {
      const [loss, gradientNorm] = await (await begin(number)).outcome;
      return { loss, gradientNorm };
    },
  };
}

function randomBatch({ rows, size, tokens }: DenoisingStep, config: UNetConfig): Record<string, DataArray> {
  const noise = (index: number, ...shape: readonly number[]): Float32Array<ArrayBuffer> =>
    normals(0, 'noise', 0, index, new Float32Array(elementCount(shape)));
  const filled = (value: number): Float32Array<ArrayBuffer> => new Float32Array(rows).fill(value);
  return {
    latents: noise(0, rows, config.inChannels, size, size),
    noise: noise(1, rows, config.inChannels, size, size),
    encoder_hidden_states: noise(2, rows, tokens, config.crossAttentionDim),
    ...(config.addition && {
      text_embeds: noise(3, rows, config.addition.textSize),
      time_ids: new Float32Array(rows * config.addition.facts).fill(8 * size),
    }),
    timesteps: filled(500),
    signal_rate: filled(0.8),
    noise_rate: filled(0.6),
    loss_weights: filled(1 / rows),
  };
}
