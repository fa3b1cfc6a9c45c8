import { expect, test } from 'vitest';

import { latentCacheBytes } from '../../electron/runs/latent-cache.ts';
import { usualAugmentation } from '../../native/facts/augmentation.ts';
import type { TrainingImage, TrainJob } from '../../native/jobs.ts';
import { tinyJob } from '../training/tiny-model.ts';

const facts = { latentFactor: 8, latentChannels: 4 };

function image(id: string, width = 64, height = 64): TrainingImage {
  return { id, path: `/${id}`, captions: [''], width, height };
}

function bytesOf(changes: Partial<TrainJob['settings']> = {}, parts: Partial<TrainJob> = {}): number {
  const job = { folder: '/run', base: '/base', images: [image('a'), image('b', 128, 64)], ...parts };
  return latentCacheBytes(tinyJob(job, changes), facts);
}

test('prepared images are counted with all their versions, and class images with what they are mirrored in', () => {
  // 64 latents of 4 channels, of which mean and deviation are kept in 4 bytes each.
  const one = 64 * 4 * 2 * 4;
  expect(bytesOf()).toBe(3 * one);
  expect(bytesOf({ randomFlip: true })).toBe(6 * one);
  const augmentation = { ...usualAugmentation, variants: 5, crop: 0.1 };
  expect(bytesOf({ randomFlip: true, augmentation })).toBe(15 * one);
  expect(bytesOf({ augmentation: usualAugmentation })).toBe(3 * one);
  expect(bytesOf({ augmentation }, { validation: [image('c')] })).toBe(16 * one);
  const making = { prompt: 'a dog', sampler: 'ddim', steps: 1, guidanceScale: 1 } as const;
  const prior = {
    weight: 1,
    images: [],
    making: { ...making, sizes: [{ width: 64, height: 64, count: 10 }] },
  };
  expect(bytesOf({ randomFlip: true, augmentation }, { prior })).toBe((15 + 20) * one);
  expect(bytesOf({ augmentation }, { method: { kind: 'vae', kl: 0 } })).toBe(0);
});
