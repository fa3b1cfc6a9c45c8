import { expect, test } from 'vitest';

import { memoryNote } from '../../electron/contract/memory-text.ts';
import type { OpenModel } from '../../native/families/family.ts';
import { takesAdapter } from '../../native/families/stable-diffusion/lora.ts';
import { unetDenoiser } from '../../native/families/stable-diffusion/parts.ts';
import type { TrainJob } from '../../native/jobs.ts';
import { readUNetConfig } from '../../native/models/unet.ts';
import { planMemory, totalBytes, type TrainingMemory } from '../../native/training/memory-plan.ts';
import { readFullSize } from '../reference/fixture.ts';
import { plainUNet, statesAlone, tinySettings } from './tiny-model.ts';

const gb = 1e9;
const image = { id: '1', path: '', captions: [''], width: 512, height: 512 };
const lora: TrainJob['method'] = { kind: 'lora', rank: 16, alpha: 16, textEncoder: false };

function modelOf(config: object, held: 'float32' | 'float16'): OpenModel {
  const unet = readUNetConfig(config);
  return {
    denoiser: unetDenoiser(unet),
    conditioning: statesAlone(77, unet.crossAttentionDim),
    noise: { predictionType: 'epsilon' },
    autoencoder: { factor: 8, latentChannels: 4 },
    adapters: { takes: takesAdapter },
    components: new Map(),
    configFiles: [config, { held }],
    weightType: () => held,
  } as unknown as OpenModel;
}

const planned = (
  model: OpenModel,
  method: TrainJob['method'],
  available: number | null,
  settings: Partial<TrainJob['settings']> = {},
): TrainingMemory =>
  planMemory({ images: [image], method, settings: { ...tinySettings, batchSize: 1, ...settings } }, model, {
    provider: 'cpu',
    available,
  })!;

test('what fits is kept, and where it does not, modules are computed again over weights as their file has them', async () => {
  const { config } = await readFullSize('sd1-unet');
  const model = modelOf(config as object, 'float16');
  const kept = planned(model, lora, 64 * gb);
  const again = planned(model, lora, 8 * gb);
  expect([kept.recompute, again.recompute]).toEqual([false, true]);
  // 859.5 million weights, and 6.8 million numbers of adapters.
  expect(kept.weights / gb).toBeCloseTo(4 * 0.8663, 2);
  expect(again.weights / gb).toBeCloseTo(2 * 0.8595 + 4 * 0.0068, 2);
  expect(again.activations + again.workspace).toBeLessThan(kept.activations / 8);
  expect(totalBytes(again)).toBeLessThan(3.5 * gb);
  // Where nothing is known of the memory, less is safer.
  expect(planned(model, lora, null).recompute).toBe(true);
  const four = planned(model, lora, 8 * gb, { batchSize: 4 });
  expect(four.activations + four.workspace).toBeCloseTo(4 * (again.activations + again.workspace), -3);
  expect(memoryNote(again)).toContain('computed again');
});

test('a small model is kept whole whatever the memory is, and accumulation doubles its gradients', () => {
  const model = modelOf(plainUNet, 'float32');
  const once = planned(model, { kind: 'full', textEncoder: false }, 1);
  expect(once.recompute).toBe(false);
  expect(once.gradients).toBe(once.weights);
  const twice = planned(model, { kind: 'full', textEncoder: false }, 1, { gradientAccumulation: 2 });
  expect(twice.gradients).toBe(2 * once.gradients);
});
