import { expect, test } from 'vitest';

import { doesNotFit, fitsIn, inUse, memoryNote } from '../../electron/contract/memory-text.ts';
import { usualSettings } from '../../native/facts/optimizers.ts';
import type { OpenModel } from '../../native/families/family.ts';
import type { TrainJob } from '../../native/jobs.ts';
import type { Provider } from '../../native/runtime/runtime.ts';
import { planMemory, totalBytes, type TrainingMemory } from '../../native/training/memory-plan.ts';
import { waysOf } from '../../native/training/ways-to-fit.ts';
import { readFullSize } from '../reference/fixture.ts';
import { unetAlone } from './full-size-model.ts';
import { plainUNet, tinySettings } from './tiny-model.ts';

const gb = 1e9;
const image = { id: '1', path: '', captions: [''], width: 512, height: 512 };
const lora: TrainJob['method'] = { kind: 'lora', rank: 16, alpha: 16, textEncoder: false };
const full: TrainJob['method'] = { kind: 'full', textEncoder: false };
const eightBit = usualSettings('adamw8bit');

const planned = (
  model: OpenModel,
  method: TrainJob['method'],
  available: number | null,
  settings: Partial<TrainJob['settings']> = {},
  provider: Provider = 'cpu',
  size = 512,
): TrainingMemory =>
  planMemory(
    {
      images: [{ ...image, width: size, height: size }],
      method,
      settings: { ...tinySettings, batchSize: 1, ...settings },
    },
    model,
    {
      provider,
      available,
    },
  )!;

test('what of modules is worth it is kept as far as there is room, over weights as their file has them', async () => {
  const { config } = await readFullSize('sd1-unet');
  const model = unetAlone(config as object, 'float16');
  const kept = planned(model, lora, 64 * gb);
  // Where nothing is known of the memory, less is safer.
  const again = planned(model, lora, null);
  const some = planned(model, lora, 5 * gb);
  expect([kept, some, again].map(({ staged }) => staged)).toEqual([true, true, true]);
  expect([kept, some, again].map(({ recompute }) => recompute)).toEqual([false, true, true]);
  // 859.5 million weights, and 6.8 million numbers of adapters.
  for (const { weights } of [kept, some, again]) expect(weights / gb).toBeCloseTo(2 * 0.8595 + 4 * 0.0068, 2);
  expect(again.keptInside).toBe(0);
  expect(kept.keptInside / gb).toBeCloseTo(1.242, 2);
  expect(some.keptInside).toBeGreaterThan(0.1 * gb);
  expect(some.keptInside).toBeLessThan(kept.keptInside / 2);
  // What of the memory there is may be filled.
  expect(totalBytes(some)).toBeCloseTo(0.7 * 5 * gb, -1);
  for (const { keptInside, activations } of [kept, some])
    expect(activations).toBeCloseTo(again.activations + keptInside, -1);
  expect(totalBytes(again)).toBeLessThan(3.5 * gb);
  const four = planned(model, lora, null, { batchSize: 4 });
  expect(four.activations + four.workspace).toBeCloseTo(4 * (again.activations + again.workspace), -3);
  expect(planned(model, lora, 64 * gb, { batchSize: 4 }).keptInside).toBeCloseTo(4 * kept.keptInside, -3);
  expect(memoryNote(again)).toContain('computed again');
  expect(memoryNote(kept)).not.toContain('computed again');
});

test('on a GPU it is reckoned in the precision that it computes in, and computed again where the card is small', async () => {
  const { config } = await readFullSize('sd1-unet');
  const model = unetAlone(config as object, 'float16');
  const onCard = (
    method: TrainJob['method'],
    available: number | null,
    precision: 'auto' | 'float32',
    provider: Provider = 'cuda',
  ) => planned(model, method, available, { precision }, provider);
  const roomy = onCard(lora, 24 * gb, 'auto');
  expect(roomy.staged).toBe(false);
  // `auto` is float16 there, and so are frozen weights and most activations.
  expect(roomy.weights / gb).toBeCloseTo(2 * 0.8595 + 4 * 0.0068, 2);
  expect(roomy.activations).toBeLessThan(0.65 * onCard(lora, 24 * gb, 'float32').activations);
  const small = onCard(lora, 6 * gb, 'auto');
  expect(small.staged).toBe(true);
  expect(totalBytes(small)).toBeLessThan(0.8 * totalBytes(roomy));
  // Gradients found in float16 are widened in their own stage: none is kept twice.
  const full = onCard({ kind: 'full', textEncoder: false }, 16 * gb, 'auto');
  expect([full.staged, full.recompute]).toEqual([true, true]);
  expect(full.activations - full.keptInside).toBeLessThan(0.3 * gb);
  // Of a device that does not say how much it has, nothing is assumed.
  expect(onCard(lora, null, 'auto', 'webgpu').staged).toBe(false);
});

const gib = 2 ** 30;

// By scripts/bench-full-size.ts: GiB of the whole process, which only trains the UNet.
test.each([
  ['LoRA at 512 px', 'sd1-unet', 'float32', 512, lora, {}, 4.4, null],
  ['… over weights in float16', 'sd1-unet', 'float16', 512, lora, {}, 2.8, null],
  ['LoRA at 256 px', 'sd1-unet', 'float32', 256, lora, {}, 3.8, null],
  ['… whatever is worth it kept', 'sd1-unet', 'float32', 256, lora, {}, 4.2, Infinity],
  ['… at 512 px', 'sd1-unet', 'float32', 512, lora, {}, 5.5, Infinity],
  ['… at 512 px in 7 GiB', 'sd1-unet', 'float32', 512, lora, {}, 4.9, 7 * gib],
  ['full', 'sd1-unet', 'float32', 512, full, {}, 14.2, null],
  ['… fused', 'sd1-unet', 'float32', 512, full, { fusedBackward: true }, 11.3, null],
  [
    '… with moments of 8 bits',
    'sd1-unet',
    'float32',
    512,
    full,
    { fusedBackward: true, optimizer: eightBit },
    7.0,
    null,
  ],
  ['LoRA of SDXL', 'sdxl-unet', 'float16', 1024, lora, {}, 9.4, null],
] as const)(
  '%s is planned within a tenth of what it took',
  async (_, name, held, size, method, changed, took, available) => {
    const { config } = await readFullSize(name);
    const model = unetAlone(config as object, held);
    const bytes = totalBytes(planned(model, method, available, { emaDecay: 0, ...changed }, 'cpu', size));
    expect(bytes / 2 ** 30).toBeGreaterThan(0.9 * took);
    expect(bytes / 2 ** 30).toBeLessThan(1.1 * took);
  },
);

test('a small model is kept whole whatever the memory is, and accumulation doubles its gradients', () => {
  const model = unetAlone(plainUNet, 'float32');
  const once = planned(model, { kind: 'full', textEncoder: false }, 1);
  expect(once.staged).toBe(false);
  expect(once.gradients).toBe(once.weights);
  const twice = planned(model, { kind: 'full', textEncoder: false }, 1, { gradientAccumulation: 2 });
  expect(twice.gradients).toBe(2 * once.gradients);
});

test('what does not fit is told what would make it fit', async () => {
  const { config } = await readFullSize('sd1-unet');
  const model = unetAlone(config as object, 'float16');
  const job = {
    base: '',
    images: [image],
    method: { kind: 'full', textEncoder: false },
    settings: { ...tinySettings, batchSize: 1 },
  } as const;
  const waysIn = (available: number, changed: Partial<TrainJob['settings']> = {}) =>
    waysOf({ ...job, settings: { ...job.settings, ...changed } }, { provider: 'cpu', available }, model);
  expect(waysIn(13.2 * gb).map(({ savings }) => savings)).toEqual([
    ['AdamW in 8 bits'],
    ['fused backward pass'],
    ['LoRA'],
  ]);
  expect(waysIn(4 * gb).map(({ savings }) => savings)).toEqual([['LoRA']]);
  expect(waysIn(1 * gb)).toEqual([]);
  // Accumulated, gradients are there twice.
  expect(waysIn(16 * gb, { batchSize: 4 })[0]!.savings).not.toContain('fused backward pass');
  // What makes no difference to what is learned comes first, where it is not so already.
  const large = { batchSize: 16, optimizer: usualSettings('adamw8bit') };
  expect(waysIn(16 * gb, large)[0]!.savings).toEqual(['one image at a time']);
  expect(waysIn(16 * gb, { ...large, imagesAtOnce: 1 })[0]!.savings).toEqual(['LoRA']);
  for (const way of waysIn(13.2 * gb)) expect(way.bytes).toBeLessThan(0.95 * 13.2 * gb);
});

test('a fused backward pass has the gradients of one module at a time', async () => {
  const { config } = await readFullSize('sd1-unet');
  const model = unetAlone(config as object, 'float16');
  const all = planned(model, full, 64 * gb);
  const fused = planned(model, full, 64 * gb, { fusedBackward: true });
  expect([all.staged, fused.staged]).toEqual([true, true]);
  expect(fused.gradients).toBeLessThan(all.gradients / 3);
  expect(fused.gradients).toBeGreaterThan(0.4 * gb);
});

test('says what is too much, and how it would fit', () => {
  expect(doesNotFit(8 * gib, 12 * gib, [])).toBeNull();
  expect(doesNotFit(8 * gib, null, [])).toBeNull();
  expect(doesNotFit(16 * gib, 12 * gib, [{ savings: ['LoRA'], bytes: 5 * gib }])).toBe(
    'A step needs 16 GB of memory, too much for the 12 GB that there are. It would fit with the method LoRA (5.0 GB).',
  );
});

test('what does not fit in memory as it is sold is too much for a machine of that memory', () => {
  for (const bytes of [11.3 * gib, 11.6 * gib])
    expect(doesNotFit(bytes, 12 * gib, []) === null).toBe(fitsIn(bytes) === 'fits in 12 GB');
});

test('what others use of a GPU is said where it is in the way', () => {
  expect(inUse(8 * gib, 12 * gib, 9 * gib)).toBeNull();
  expect(inUse(8 * gib, 12 * gib, null)).toBeNull();
  expect(inUse(8 * gib, 12 * gib, 4 * gib)).toBe(
    'Other programs use 8.0 GB of the GPU’s 12 GB, and this run needs 8.0 GB. Close what else uses the GPU first.',
  );
});

test('a step fits in what machines are sold with', () => {
  expect([1 * gib, 4.8 * gib, 11.9 * gib, 200 * gib].map(fitsIn)).toEqual([
    'fits in 2 GB',
    'fits in 6 GB',
    'fits in 16 GB',
    null,
  ]);
});
