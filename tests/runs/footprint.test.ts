import { describe, expect, test } from 'vitest';

import { footprintOf } from '../../electron/runs/footprint.ts';
import { usualSettings } from '../../native/facts/optimizers.ts';
import type { Method } from '../../native/jobs.ts';

const counts = { unet: 1000, text_encoder: 100, vae: 10 };
const full: Method = { kind: 'full', textEncoder: false };
const plain = { checkpointEpochs: [1, 2, 3], checkpointPrecision: 'float16', emaDecay: 0 } as const;

describe('the footprint of a run', () => {
  test('counts gradients and the two moments of AdamW, in memory and in the state', () => {
    expect(footprintOf(counts, full, plain, 0)).toEqual({
      parameters: 1110,
      trainedParameters: 1000,
      memoryBytes: 4 * 1110 + (4 + 8) * 1000,
      diskBytes: 3 * 2 * 1000 + (4 + 8) * 1000,
    });
  });

  test('is the same whether AdamW is named or meant', () => {
    const named = { ...plain, optimizer: usualSettings('adamw') };
    const meant = { ...plain, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
    expect(footprintOf(counts, full, named, 0)).toEqual(footprintOf(counts, full, meant, 0));
  });

  test('counts the average, and the weights of a LoRA beside those of the model', () => {
    const lora: Method = { kind: 'lora', textEncoder: false, rank: 2, alpha: 2 };
    expect(footprintOf(counts, lora, { ...plain, emaDecay: 0.9 }, 50)).toEqual({
      parameters: 1110,
      trainedParameters: 50,
      memoryBytes: 4 * 1110 + (4 + 4 + 8 + 4) * 50,
      diskBytes: 3 * 2 * 50 + (4 + 8 + 4) * 50,
    });
  });
});
