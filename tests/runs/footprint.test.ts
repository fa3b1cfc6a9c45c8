import { describe, expect, test } from 'vitest';

import { footprintOf, type WeighedModel } from '../../electron/runs/footprint.ts';
import { usualSettings } from '../../native/facts/optimizers.ts';
import type { Method } from '../../native/jobs.ts';

const model: WeighedModel = {
  components: { denoiser: ['unet'], textEncoders: ['text_encoder'], autoencoder: ['vae'] },
  counts: { unet: 1000, text_encoder: 100, vae: 10 },
  textWidth: 24,
  adapters: [
    { component: 'unet', block: 'up', kind: 'attention', isWide: false, inputs: 20, outputs: 5 },
    { component: 'unet', block: 'mid', kind: 'convolution', isWide: true, inputs: 18, outputs: 3 },
    {
      component: 'text_encoder',
      block: 'textEncoder',
      kind: 'attention',
      isWide: false,
      inputs: 3,
      outputs: 2,
    },
  ],
};
const full: Method = { kind: 'full', textEncoder: false };
const plain = { checkpointEpochs: [1, 2, 3], checkpointPrecision: 'float16', emaDecay: 0 } as const;

describe('the footprint of a run', () => {
  test('counts gradients and the two moments of AdamW, in memory and in the state', () => {
    expect(footprintOf(model, full, plain)).toEqual({
      parameters: 1110,
      trainedParameters: 1000,
      memoryBytes: 4 * 1110 + (4 + 8) * 1000,
      diskBytes: 3 * 2 * 1000 + (4 + 8) * 1000,
    });
  });

  test('is the same whether AdamW is named or meant', () => {
    const named = { ...plain, optimizer: usualSettings('adamw') };
    const meant = { ...plain, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
    expect(footprintOf(model, full, named)).toEqual(footprintOf(model, full, meant));
  });

  test('counts what another optimizer keeps', () => {
    const { memoryBytes, diskBytes } = footprintOf(model, full, {
      ...plain,
      optimizer: usualSettings('lion'),
    });
    expect(memoryBytes).toBe(4 * 1110 + (4 + 4) * 1000);
    expect(diskBytes).toBe(3 * 2 * 1000 + (4 + 4) * 1000);
  });

  test('counts the average, and the weights of a LoRA beside those of the model', () => {
    const lora: Method = { kind: 'lora', textEncoder: false, rank: 2, alpha: 2 };
    expect(footprintOf(model, lora, { ...plain, emaDecay: 0.9 })).toEqual({
      parameters: 1110,
      trainedParameters: 50,
      memoryBytes: 4 * 1110 + (4 + 4 + 8 + 4) * 50,
      diskBytes: 3 * 2 * 50 + (4 + 8 + 4) * 50,
    });
  });

  test.each<[Method, number]>([
    [{ kind: 'full', textEncoder: true }, 1100],
    [{ kind: 'lora', textEncoder: true, rank: 4, alpha: 4 }, 120],
    [{ kind: 'lora', textEncoder: false, rank: 4, alpha: 4, convRank: 2 }, 100 + 2 * 21],
    [{ kind: 'lora', textEncoder: false, rank: 4, alpha: 4, convRank: 2, dora: true }, 100 + 42 + 5 + 3],
    [{ kind: 'lora', textEncoder: true, rank: 4, alpha: 4, blockRanks: { up: 1, textEncoder: 0 } }, 25],
    [{ kind: 'scratch' }, 1100],
    [{ kind: 'scratch', textEncoder: false }, 1000],
    [{ kind: 'text' }, 100],
    [{ kind: 'vae', kl: 0 }, 10],
    [{ kind: 'decoder', latentNoise: 0, edgeWeight: 0 }, 10],
  ])('counts what %o trains', (method, trained) => {
    expect(footprintOf(model, method, plain).trainedParameters).toBe(trained);
  });
});
