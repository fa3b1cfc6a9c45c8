import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Failure } from '../../native/failure.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { maxDifference } from '../graph/evaluate.ts';
import { readFixture } from '../reference/fixture.ts';
import {
  followSteps,
  referenceName,
  referenceSteps,
  type StepVariant,
  stepVariants,
  type StepWay,
} from './followed-steps.ts';

/** Trains the first `length` of the twenty steps; losses are held to the reference, and after all steps the weights. */
async function followReference(
  runtime: Runtime,
  variant: StepVariant,
  length: number,
  way: StepWay,
): Promise<void> {
  const expected = await readFixture(`adamw.${variant.name}`);
  const { losses, norms, trainer } = await followSteps(runtime, variant, length, way);
  const relative = (mine: readonly number[], theirs: ArrayLike<number>): number =>
    Math.max(...mine.map((value, i) => Math.abs(value / theirs[i]! - 1)));
  // 1e-4 relative: what float32 rounding leaves of twenty steps computed in float64.
  expect(relative(losses, expected.tensors.get('loss')!.data as Float32Array)).toBeLessThanOrEqual(1e-4);
  expect(losses).toHaveLength(length * variant.accumulation);
  expect(relative(norms, expected.tensors.get('gradient_norm')!.data as Float32Array)).toBeLessThanOrEqual(
    1e-3,
  );
  if (length === referenceSteps) {
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

    test.each(stepVariants)('follow PyTorch: $name', async (variant) => {
      await followReference(runtime, variant, referenceSteps, way);
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
    await followReference(runtime, stepVariants[0]!, 4, { onePass: true, matrixConv: false });
    await runtime.dispose();
  }, 240_000);
});
