/**
 * The steps of `tests/reference/adamw.py` on the tiny UNet, on any runtime: the tests hold them to PyTorch's, the check of a
 * GPU to the processor's.
 */
import type { ComputePrecision } from '../../native/facts/precision.ts';
import { takesAdapter } from '../../native/families/stable-diffusion/lora.ts';
import { unetDenoiser } from '../../native/families/stable-diffusion/parts.ts';
import type { Parameter } from '../../native/models/parameter.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import { noiseSchedule } from '../../native/noise/noise-schedule.ts';
import { parseSchedulerConfig } from '../../native/noise/scheduler-config.ts';
import { adamw } from '../../native/optimizers/adamw.ts';
import type { Runtime, SessionOptions } from '../../native/runtime/runtime.ts';
import { buildArtifacts } from '../../native/training/artifacts.ts';
import { buildDiffusionGraph } from '../../native/training/diffusion-graph.ts';
import { timestepWeight } from '../../native/training/diffusion-loss.ts';
import { firstLossScale, nextLossScale } from '../../native/training/loss-scale.ts';
import type { BatchData } from '../../native/training/shape-sessions.ts';
import { createTrainer, type Trainer } from '../../native/training/trainer.ts';
import { readFixture, readModelFixture } from '../reference/fixture.ts';
import { statesAlone } from './tiny-model.ts';

/** Of the reference's runs. */
export interface StepVariant {
  readonly name: 'plain' | 'v-min-snr' | 'accumulation' | 'lora';
  readonly prediction: 'epsilon' | 'v_prediction';
  readonly gamma: number;
  readonly accumulation: number;
  readonly emaDecay: number;
  readonly lora: boolean;
}

const plain = { prediction: 'epsilon', gamma: 0, accumulation: 1, emaDecay: 0, lora: false } as const;
export const stepVariants: readonly StepVariant[] = [
  { ...plain, name: 'plain' },
  { ...plain, name: 'v-min-snr', prediction: 'v_prediction', gamma: 5 },
  { ...plain, name: 'accumulation', accumulation: 2, emaDecay: 0.9 },
  { ...plain, name: 'lora', lora: true },
];
/** Optimizer steps of the reference. */
export const referenceSteps = 20;
const [perBatch, tokens] = [2, 16];
export const shape = { rows: perBatch, size: { height: 8, width: 8 } };
const optimizer = adamw({ kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-2 });

/** What can be done in several ways on the CPU. */
export interface StepWay {
  readonly onePass: boolean;
  readonly matrixConv: boolean;
  readonly precision?: ComputePrecision;
  readonly sessionOptions?: SessionOptions;
}

export interface FollowedSteps {
  /** Of every batch, and the gradients' norm of every step. */
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  /** What each step's loss was multiplied by for its gradients; 1 in float32. */
  readonly scales: readonly number[];
  /** After the last; to be disposed of. */
  readonly trainer: Trainer;
}

/** What PyTorch calls a parameter: peft's names for what is called `down` and `up` here. */
export function referenceName({ key, adapter }: Parameter): string {
  if (!adapter) return key;
  const parts = { down: 'A', up: 'B', magnitude: 'magnitude_vector' } as const;
  return `${adapter.module}.lora_${parts[adapter.part]}.weight`;
}

/** Trains the first `length` of the steps. */
export async function followSteps(
  runtime: Runtime,
  variant: StepVariant,
  length: number,
  way: StepWay,
): Promise<FollowedSteps> {
  const trainer = await openTrainer(runtime, variant, way);
  const batchAt = await referenceBatches(variant);
  const [losses, norms, scales]: [number[], number[], number[]] = [[], [], []];
  let scale = firstLossScale;
  for (let step = 0; step < length; step++) {
    scales.push(trainer.scalesLoss ? scale.scale : 1);
    trainer.scaleLoss(scales.at(-1)!);
    for (let micro = 0; micro < variant.accumulation; micro++) {
      const batch = batchAt(step * variant.accumulation + micro);
      losses.push((await trainer.backward(shape, batch, micro === 0)) * variant.accumulation);
    }
    norms.push(await trainer.update(step + 1 - scale.skipped, 1e-3, variant.emaDecay));
    if (trainer.scalesLoss) scale = nextLossScale(scale, !Number.isFinite(norms.at(-1)))!;
  }
  return { losses, norms, scales, trainer };
}

async function openTrainer(
  runtime: Runtime,
  variant: StepVariant,
  { onePass, matrixConv, precision = 'float32', sessionOptions }: StepWay,
): Promise<Trainer> {
  const [model, expected] = [await readModelFixture('unet-tiny'), await readFixture(`adamw.${variant.name}`)];
  const config = readUNetConfig(model.config);
  const artifacts = buildArtifacts(
    buildDiffusionGraph({
      denoiser: unetDenoiser(config),
      conditioning: statesAlone(tokens, config.crossAttentionDim),
      noise: { predictionType: variant.prediction },
      encodes: false,
      trained: variant.lora ? { rank: 4, scale: 2 / 4, takes: takesAdapter } : 'full',
      shape,
      matrixConv,
    }),
    { tensorsAreArrays: runtime.tensorsAreArrays, precision },
  );
  const weight = (parameter: Parameter): Promise<Float32Array<ArrayBuffer>> => {
    const name = referenceName(parameter);
    const stored = variant.lora ? expected.tensors.get(`initial.${name}`) : undefined;
    const { data } = (stored ?? model.weights.get(name))!;
    return Promise.resolve(data.slice() as Float32Array<ArrayBuffer>);
  };
  return createTrainer({
    runtime,
    rule: {
      optimizer,
      maxGradientNorm: 1,
      ema: variant.emaDecay > 0,
      scalesLoss: precision === 'float16',
    },
    trainable: artifacts.trainable,
    initial: weight,
    frozen: weight,
    artifacts: () => artifacts,
    accumulate: variant.accumulation > 1,
    onePass,
    ...(sessionOptions && { sessionOptions }),
  });
}

/** The reference's batches by their number; its noise lies there batch by batch, all else row by row. */
export async function referenceBatches(variant: StepVariant): Promise<(k: number) => BatchData> {
  const inputs = await readFixture('adamw.inputs');
  const schedule = noiseSchedule(
    parseSchedulerConfig(
      JSON.stringify({
        beta_schedule: 'scaled_linear',
        beta_start: 0.00085,
        beta_end: 0.012,
        prediction_type: variant.prediction,
      }),
      'scheduler_config.json',
    ),
  );
  const integers = (name: string): number[] => Array.from(inputs.tensors.get(name)!.data, Number);
  const pick = (name: string, rows: readonly number[]): Float32Array<ArrayBuffer> => {
    const { data, shape: extents } = inputs.tensors.get(name)!;
    const size = data.length / extents[0]!;
    const picked = new Float32Array(rows.length * size);
    rows.forEach((row, i) => {
      picked.set((data as Float32Array).subarray(row * size, (row + 1) * size), i * size);
    });
    return picked;
  };
  return (k) => {
    const rows = integers('indices').slice(k * perBatch, (k + 1) * perBatch);
    const timesteps = integers('timesteps').slice(k * perBatch, (k + 1) * perBatch);
    const kept = timesteps.map((t) => schedule.alphasCumprod[t]!);
    const share = 1 / (perBatch * variant.accumulation);
    return {
      latents: pick('latents', rows),
      noise: pick('noise', [k]),
      encoder_hidden_states: pick('text', rows),
      timesteps: Float32Array.from(timesteps),
      signal_rate: Float32Array.from(kept, Math.sqrt),
      noise_rate: Float32Array.from(kept, (alpha) => Math.sqrt(1 - alpha)),
      loss_weights: Float32Array.from(timesteps, (t) => share * timestepWeight(schedule, t, variant.gamma)),
    };
  };
}
