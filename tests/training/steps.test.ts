import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Failure } from '../../native/failure.ts';
import { takesAdapter } from '../../native/families/stable-diffusion/lora.ts';
import { unetDenoiser } from '../../native/families/stable-diffusion/parts.ts';
import type { Parameter } from '../../native/models/parameter.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import { noiseSchedule } from '../../native/noise/noise-schedule.ts';
import { parseSchedulerConfig } from '../../native/noise/scheduler-config.ts';
import { adamw } from '../../native/optimizers/adamw.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { buildArtifacts } from '../../native/training/artifacts.ts';
import { buildDiffusionGraph } from '../../native/training/diffusion-graph.ts';
import { timestepWeight } from '../../native/training/diffusion-loss.ts';
import { createTrainer } from '../../native/training/trainer.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { readFixture, readModelFixture } from '../reference/fixture.ts';
import { statesAlone } from './tiny-model.ts';

interface Variant {
  readonly name: string;
  readonly prediction: 'epsilon' | 'v_prediction';
  readonly gamma: number;
  readonly accumulation: number;
  readonly emaDecay: number;
  readonly lora: boolean;
}

const plain = { prediction: 'epsilon', gamma: 0, accumulation: 1, emaDecay: 0, lora: false } as const;
const variants: readonly Variant[] = [
  { ...plain, name: 'plain' },
  { ...plain, name: 'v-min-snr', prediction: 'v_prediction', gamma: 5 },
  { ...plain, name: 'accumulation', accumulation: 2, emaDecay: 0.9 },
  { ...plain, name: 'lora', lora: true },
];
const [steps, perBatch, tokens] = [20, 2, 16];
const shape = { rows: perBatch, size: { height: 8, width: 8 } };
const optimizer = adamw({ kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-2 });

/** Of what can be done in several ways on the CPU. */
interface Way {
  readonly onePass: boolean;
  readonly matrixConv: boolean;
}

/** Trains the first `length` of the twenty steps; losses are held to the reference, and after all steps the weights. */
async function followReference(
  runtime: Runtime,
  variant: Variant,
  length: number,
  { onePass, matrixConv }: Way,
): Promise<void> {
  const [model, inputs, expected] = [
    await readModelFixture('unet-tiny'),
    await readFixture('adamw.inputs'),
    await readFixture(`adamw.${variant.name}`),
  ];
  const config = readUNetConfig(model.config);
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
    runtime,
  );
  // peft's names for what is called `down` and `up` here.
  const referenceName = ({ key, adapter }: Parameter): string => {
    if (!adapter) return key;
    return `${adapter.module}.lora_${adapter.part === 'down' ? 'A' : 'B'}.weight`;
  };
  const weight = (parameter: Parameter): Float32Array<ArrayBuffer> => {
    const name = referenceName(parameter);
    const stored = variant.lora ? expected.tensors.get(`initial.${name}`) : undefined;
    return (stored ?? model.weights.get(name))!.data.slice() as Float32Array<ArrayBuffer>;
  };
  const trainer = await createTrainer({
    runtime,
    rule: { optimizer, maxGradientNorm: 1, ema: variant.emaDecay > 0 },
    trainable: artifacts.trainable,
    initial: (parameter) => Promise.resolve(weight(parameter)),
    frozen: (parameter) => Promise.resolve(weight(parameter)),
    artifacts: () => artifacts,
    accumulate: variant.accumulation > 1,
    onePass,
  });

  const array = (name: string): Float32Array => inputs.tensors.get(name)!.data as Float32Array;
  const integers = (name: string): number[] => Array.from(inputs.tensors.get(name)!.data, Number);
  const pick = (name: string, rows: readonly number[], size: number): Float32Array<ArrayBuffer> => {
    const picked = new Float32Array(rows.length * size);
    rows.forEach((row, i) => {
      picked.set(array(name).subarray(row * size, (row + 1) * size), i * size);
    });
    return picked;
  };
  const [losses, norms]: [number[], number[]] = [[], []];
  for (let step = 0; step < length; step++) {
    for (let micro = 0; micro < variant.accumulation; micro++) {
      const k = step * variant.accumulation + micro;
      const rows = integers('indices').slice(k * perBatch, (k + 1) * perBatch);
      const timesteps = integers('timesteps').slice(k * perBatch, (k + 1) * perBatch);
      const kept = timesteps.map((t) => schedule.alphasCumprod[t]!);
      const share = 1 / (perBatch * variant.accumulation);
      const loss = await trainer.backward(
        shape,
        {
          latents: pick('latents', rows, 4 * 8 * 8),
          noise: pick('noise', [k * perBatch, k * perBatch + 1], 4 * 8 * 8),
          encoder_hidden_states: pick('text', rows, tokens * config.crossAttentionDim),
          timesteps: Float32Array.from(timesteps),
          signal_rate: Float32Array.from(kept, Math.sqrt),
          noise_rate: Float32Array.from(kept, (alpha) => Math.sqrt(1 - alpha)),
          loss_weights: Float32Array.from(
            timesteps,
            (t) => share * timestepWeight(schedule, t, variant.gamma),
          ),
        },
        micro === 0,
      );
      losses.push(loss * variant.accumulation);
    }
    norms.push(await trainer.update(step + 1, 1e-3, variant.emaDecay));
  }

  const relative = (mine: readonly number[], theirs: ArrayLike<number>): number =>
    Math.max(...mine.map((value, i) => Math.abs(value / theirs[i]! - 1)));
  // 1e-4 relative: what float32 rounding leaves of twenty steps computed in float64.
  expect(relative(losses, expected.tensors.get('loss')!.data as Float32Array)).toBeLessThanOrEqual(1e-4);
  expect(losses).toHaveLength(length * variant.accumulation);
  expect(relative(norms, expected.tensors.get('gradient_norm')!.data as Float32Array)).toBeLessThanOrEqual(
    1e-3,
  );
  if (length === steps) {
    for (const parameter of trainer.trainable) {
      const { name } = parameter;
      const buffer = new Float32Array(parameter.shape.reduce((product, extent) => product * extent, 1));
      const final = expected.tensors.get(`final.${referenceName(parameter)}`)!.data as Float32Array;
      expect(
        maxDifference(await trainer.readState('parameter', name, buffer), final),
        name,
      ).toBeLessThanOrEqual(1e-4);
      if (variant.emaDecay > 0) {
        const average = expected.tensors.get(`ema.${referenceName(parameter)}`)!.data as Float32Array;
        expect(
          maxDifference(await trainer.readState('ema', name, buffer), average),
          name,
        ).toBeLessThanOrEqual(1e-4);
      }
    }
  }
  await trainer.dispose();
}

// Reference: torch.optim.AdamW and diffusers' DDPMScheduler, by tests/reference/adamw.py.
describe.each([
  { api: 'c-api', way: 'one pass', convolution: 'matrix products', onePass: true, matrixConv: true },
  { api: 'c-api', way: 'the graph', convolution: 'Conv', onePass: false, matrixConv: false },
  { api: 'c-api', way: 'the graph', convolution: 'matrix products', onePass: false, matrixConv: true },
  { api: 'node', way: 'one pass', convolution: 'matrix products', onePass: true, matrixConv: true },
] as const)(
  'AdamW steps by $way over $convolution through the $api runtime on the CPU',
  ({ api, ...way }) => {
    let runtime: Runtime;
    beforeAll(async () => {
      runtime = await chooseRuntime({ provider: 'cpu', api, threads: 1 });
    });
    afterAll(() => runtime.dispose());

    test.each(variants)('follow PyTorch: $name', async (variant) => {
      await followReference(runtime, variant, steps, way);
    });
  },
);

describe('AdamW steps on WebGPU, state on the device', () => {
  test('follow PyTorch', async (context) => {
    const runtime = await chooseRuntime({ provider: 'webgpu', api: 'c-api' }).catch((error: unknown) => {
      if (!(error instanceof Failure && error.code === 'provider-unavailable')) throw error;
      return error.message;
    });
    if (typeof runtime === 'string') return context.skip(runtime);
    // Fewer of them: a driver that plays the GPU on the processor takes a second a step.
    await followReference(runtime, variants[0]!, 4, { onePass: true, matrixConv: false });
    await runtime.dispose();
  });
});
