import { expect, test } from 'vitest';

import { memoryHint } from '../../electron/engine/memory-hint.ts';
import type { TrainJob } from '../../native/jobs.ts';
import { tinySettings } from '../training/tiny-model.ts';
import { fakeJob } from './fake-job.ts';

const job = (
  method: TrainJob['method'],
  settings: Partial<TrainJob['settings']>,
  device: TrainJob['device'] = {},
): TrainJob => ({
  ...{ kind: 'train', base: '', folder: '', cacheFolder: '', images: [], validation: [] },
  ...{ method, device, settings: { ...tinySettings, ...settings } },
});
const full = { kind: 'full', textEncoder: false } as const;
const lora = { kind: 'lora', rank: 16, alpha: 16, textEncoder: false } as const;

test('a training that memory did not suffice for is told what of its own settings takes less', () => {
  expect(memoryHint(job(full, { batchSize: 4 }, { provider: 'cpu' }))).toBe(
    'Resume the run with one image at a time (images at once: 1), or close other programs and resume it, or begin one that needs less, with the optimizer “AdamW, 8-bit”, or a fused backward pass, or a LoRA instead of full finetuning, or smaller pictures.',
  );
  // On a GPU there is no fused backward pass.
  expect(memoryHint(job(full, { batchSize: 1 }))).not.toContain('fused');
});

test('a run that was begun with a fused backward pass is not told of what it would be refused', () => {
  for (const provider of ['cpu', 'cuda'] as const)
    expect(memoryHint(job(full, { batchSize: 4, fusedBackward: true }, { provider }))).not.toContain(
      'one image at a time',
    );
});

test('a LoRA is not told to be one', () => {
  expect(memoryHint(job(lora, { batchSize: 1 }))).toBe(
    'Close other programs and resume the run, or begin one that needs less, with smaller pictures.',
  );
});

test('what does not train has nothing to resume', () => {
  expect(memoryHint(fakeJob('finish'))).not.toContain('resume');
});
