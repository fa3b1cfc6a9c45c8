import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { usualSettings } from '../../native/facts/optimizers.ts';
import type { JobEvent, TrainingImage, TrainJob } from '../../native/jobs.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import type { Runtime } from '../../native/runtime/runtime.ts';
import { jobFingerprint, readFinite } from '../../native/training/run-state.ts';
import { trainingLoop } from '../../native/training/training-loop.ts';
import { writeSafetensors } from '../../native/weights/safetensors.ts';
import { temporaryFolder } from '../images/pictures.ts';
import { readFixture } from '../reference/fixture.ts';
import { deviceStandIn } from '../runtime/device-stand-in.ts';
import { followSteps, referenceSteps, stepVariants } from './followed-steps.ts';
import { batchOf, heldOutLoss, openTinyDenoising, takeSteps, type TinyDenoising } from './tiny-denoising.ts';
import { failureOf, hashTree, readMetrics, stepsOf, tinyJob } from './tiny-model.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await chooseRuntime({ provider: 'cpu', threads: 1 });
});
afterAll(() => runtime.dispose());

// Reference: PyTorch's autocast and GradScaler, by tests/reference/autocast.py.
describe('twenty steps in float16', () => {
  test.each([
    { name: 'plain', onePass: true, matrixConv: true },
    { name: 'plain', onePass: false, matrixConv: false },
    { name: 'lora', onePass: true, matrixConv: true },
  ] as const)('follow PyTorch, $name, in one pass: $onePass', async ({ name, ...way }) => {
    const { tensors } = await readFixture(`autocast.${name}`);
    const expected = (key: string): readonly number[] => Array.from(tensors.get(key)!.data, Number);
    const variant = stepVariants.find((one) => one.name === name)!;
    const found = await followSteps(runtime, variant, referenceSteps, { ...way, precision: 'float16' });
    await found.trainer.dispose();
    const worst = (mine: readonly number[], key: string): number =>
      Math.max(...mine.map((value, i) => Math.abs(value / expected(key)[i]! - 1)));
    expect(found.losses).toHaveLength(referenceSteps);
    // Of single roundings of 2^-11; PyTorch's norms are float32 throughout and its sums in another order.
    expect(worst(found.losses, 'loss')).toBeLessThan(1e-2);
    expect(worst(found.norms, 'gradient_norm')).toBeLessThan(2e-2);
    expect(found.scales).toEqual(expected('scale'));
  });
});

test('a device is given the scale of a loss before the frozen weights of a shape', async () => {
  const variant = stepVariants.find(({ name }) => name === 'lora')!;
  const way = { onePass: true, matrixConv: true, precision: 'float16' } as const;
  const device = deviceStandIn(runtime, { keepsOrder: true });
  const there = await followSteps(device, variant, 2, way);
  const here = await followSteps(runtime, variant, 2, way);
  expect(there.losses).toEqual(here.losses);
  for (const { trainer } of [there, here]) await trainer.dispose();
});

test('a trainer is given up once the scale that it was given has arrived', async () => {
  const variant = stepVariants.find(({ name }) => name === 'plain')!;
  const way = { onePass: true, matrixConv: true, precision: 'float16' } as const;
  const device = deviceStandIn(runtime, { keepsOrder: true });
  const { trainer } = await followSteps(device, variant, 1, way);
  // As where the batch of the step that begins cannot be read.
  trainer.scaleLoss(2);
  await expect(trainer.dispose()).resolves.toBeUndefined();
});

describe('two hundred steps', () => {
  async function ends(way: Partial<TinyDenoising>, seed: number): Promise<number> {
    const trainer = await openTinyDenoising(runtime, { ...way, unet: 'plain', seed });
    await takeSteps(trainer, seed, 200, 1e-3);
    const loss = await heldOutLoss(trainer, seed);
    await trainer.dispose();
    return loss;
  }

  test.each([1, 2, 3])(
    'of seed %i end within two percent of float32 in float16, and within one of AdamW with moments of 8 bits',
    async (seed) => {
      const untrained = await openTinyDenoising(runtime, { unet: 'plain', seed });
      const begun = await heldOutLoss(untrained, seed);
      await untrained.dispose();
      const single = await ends({}, seed);
      expect(single).toBeLessThan(0.6 * begun);
      expect(Math.abs((await ends({ precision: 'float16' }, seed)) / single - 1)).toBeLessThan(0.02);
      const eightBits = await ends({ optimizer: usualSettings('adamw8bit') }, seed);
      expect(Math.abs(eightBits / single - 1)).toBeLessThan(0.01);
    },
    120_000,
  );
});

describe('a gradient too large for float16', () => {
  const folder = temporaryFolder();
  const images = Array.from({ length: 4 }, (_, i): TrainingImage => {
    return { id: String(i), path: '', captions: [''], width: 32, height: 32 };
  });
  const job = (name: string, optimizer: 'adamw' | 'lion'): TrainJob =>
    tinyJob(
      { folder: join(folder.path, name), base: '', images },
      {
        epochs: 3,
        checkpointEpochs: [3],
        precision: 'float16',
        optimizer: usualSettings(optimizer),
      },
    );

  /** Six steps; the second's loss, or every one's, is a hundred thousand times what it should be. */
  async function run(of: TrainJob, { until = 0, always = false } = {}): Promise<readonly JobEvent[]> {
    await mkdir(of.folder, { recursive: true });
    const { optimizer } = of.settings;
    const trainer = await openTinyDenoising(runtime, {
      precision: 'float16',
      unet: 'plain',
      seed: 1,
      ...(optimizer && { optimizer }),
    });
    const stop = new AbortController();
    const events: JobEvent[] = [];
    const task = {
      trainer,
      prepare: (_: unknown, { step }: { readonly step: number }) => {
        const data = batchOf(1, step);
        const weights = data.loss_weights!.slice() as Float32Array<ArrayBuffer>;
        const large = always ? 1e9 : step === 2 ? 1e5 : 1;
        return Promise.resolve({
          shape: { rows: 4, size: { height: 8, width: 8 } },
          data: { ...data, loss_weights: weights.map((weight) => large * weight) },
        });
      },
      validation: [],
      writeCheckpoint: (target: string) =>
        writeSafetensors(
          join(target, 'weights.safetensors'),
          trainer.trainable.map((parameter) => ({
            name: parameter.name,
            dtype: 'F32' as const,
            shape: parameter.shape,
            data: () => readFinite(trainer, 'parameter', parameter),
          })),
        ),
      dispose: () => trainer.dispose(),
    };
    try {
      await trainingLoop(of, { fingerprint: jobFingerprint(of), base: 'none' }, task, {
        emit: (event) => {
          events.push(event);
          if (event.type === 'step' && event.step === until) stop.abort();
        },
        stop: stop.signal,
      });
    } finally {
      await task.dispose();
    }
    return events;
  }

  const filesOf = async ({ folder: of }: TrainJob): Promise<Record<string, string>> => {
    const { 'metrics.jsonl': _, ...files } = await hashTree(of);
    return files;
  };

  test.each(['adamw', 'lion'] as const)(
    'has its step skipped, counted and logged under %s, and a run stopped after it ends with the same bytes',
    async (optimizer) => {
      const whole = job(`whole ${optimizer}`, optimizer);
      const steps = stepsOf(await run(whole));
      expect(steps.map(({ gradientNorm }) => gradientNorm === null)).toEqual([
        false,
        true,
        false,
        false,
        false,
        false,
      ]);
      expect(steps.map(({ skippedSteps }) => skippedSteps)).toEqual([0, 1, 1, 1, 1, 1]);
      expect((await readMetrics(whole.folder)).filter(({ type }) => type === 'step')[1]).toMatchObject({
        step: 2,
        gradientNorm: null,
        skippedSteps: 1,
      });
      const stopped = job(`stopped ${optimizer}`, optimizer);
      await run(stopped, { until: 3 });
      const state = await readFile(join(stopped.folder, 'state', 'step-00000003', 'state.json'), 'utf8');
      expect((JSON.parse(state) as { lossScale: unknown }).lossScale).toEqual({
        scale: 32_768,
        steady: 1,
        skipped: 1,
      });
      await run(stopped);
      expect(await filesOf(stopped)).toEqual(await filesOf(whole));
    },
  );

  test('ends the run where no scale helps', async () => {
    const of = { ...job('always', 'adamw') };
    const failure = await failureOf(
      run({ ...of, settings: { ...of.settings, epochs: 20, checkpointEpochs: [20] } }, { always: true }),
    );
    expect(failure.code).toBe('loss-not-finite');
    expect(failure.hint).toContain('float32');
  });
});
