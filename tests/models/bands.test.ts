import { afterAll, describe, expect, test } from 'vitest';

import type { Value } from '../../native/graph/graph.ts';
import {
  asMoments,
  type AutoencoderConfig,
  decoderLayers,
  encoderLayers,
} from '../../native/models/autoencoder.ts';
import { type PictureShape, planBands } from '../../native/models/band-rows.ts';
import { openPictureInference } from '../../native/models/picture-inference.ts';
import type { ReadWeight } from '../../native/models/weight-tensor.ts';
import { normals } from '../../native/random/philox.ts';
import { chooseRuntime } from '../../native/runtime/providers.ts';
import { relativeDifference } from '../graph/evaluate.ts';

const config: AutoencoderConfig = {
  sampleSize: 64,
  inChannels: 3,
  outChannels: 3,
  latentChannels: 4,
  blockOutChannels: [8, 12, 16],
  layersPerBlock: 1,
  groups: 4,
  scalingFactor: 1,
  midAttention: true,
  quantConv: true,
  postQuantConv: true,
};

const runtime = await chooseRuntime({ provider: 'cpu' });
afterAll(() => runtime.dispose());

/** A number for every place of every weight; norms scale and shift too. */
const readWeight: ReadWeight = ({ key, shape }) => {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const seed = Buffer.from(key).reduce((sum, byte) => (sum * 31 + byte) % 2 ** 31, 7);
  const around = /norm\S*\.weight$/.test(key) ? 1 : 0;
  const size = shape.length > 1 ? (count / shape[0]!) ** -0.5 : 0.2;
  return Promise.resolve(
    normals(seed, 'noise', 0, 0, new Float32Array(count)).map((number) => around + number * size),
  );
};

const halves = {
  decoder: {
    stack: decoderLayers(config),
    results: (x: Value) => ({ pictures: x }),
    shapeOf: (height: number, width: number): PictureShape => [4, height, width],
  },
  encoder: {
    stack: encoderLayers(config),
    results: (x: Value) => ({ ...asMoments(x, config) }),
    shapeOf: (height: number, width: number): PictureShape => [3, 4 * height, 4 * width],
  },
};

async function computed(
  half: keyof typeof halves,
  [height, width]: readonly [number, number],
  bandBytes: number,
  precision: 'float32' | 'float16' = 'float32',
) {
  const { stack, results, shapeOf } = halves[half];
  const shape = shapeOf(height, width);
  const model = { component: 'vae', stack, input: 'x', shape, results };
  const sizes = { whole: bandBytes, band: bandBytes };
  const inference = await openPictureInference(model, { runtime, readWeight, sizes, precision });
  const count = shape.reduce((product, extent) => product * extent, 1);
  // A picture that is not alike everywhere: bands of their own would have other means.
  const x = normals(5, 'noise', 0, 0, new Float32Array(count)).map(
    (number, i) => number + 2 * Math.sin(i / 50) + (4 * i) / count,
  );
  const first = { ...(await inference.run({ x })) };
  const again = await inference.run({ x });
  await inference.dispose();
  return { first, again, plan: planBands(stack, shape, sizes) };
}

const sizes = [
  [16, 16],
  [12, 20],
  [15, 9],
  [9, 16],
] as const;

describe.each(['decoder', 'encoder'] as const)('%s in bands', (half) => {
  test.each(sizes)('of %i x %i latents gives what it gives at once', async (height, width) => {
    const whole = await computed(half, [height, width], Infinity);
    expect(whole.plan).toBeNull();
    for (const bandBytes of [4096, 9000, 20_000]) {
      const bands = await computed(half, [height, width], bandBytes);
      expect(bands.plan!.heights.length).toBeGreaterThan(1);
      for (const [name, expected] of Object.entries(whole.first)) {
        expect(relativeDifference(bands.first[name]!, expected), name).toBeLessThan(3e-6);
        expect(bands.again[name], name).toEqual(bands.first[name]);
      }
    }
  });

  test('in float16 gives about what float32 does', async () => {
    const whole = await computed(half, [16, 16], Infinity);
    const bands = await computed(half, [16, 16], 9000, 'float16');
    for (const [name, expected] of Object.entries(whole.first))
      expect(relativeDifference(bands.first[name]!, expected), name).toBeLessThan(5e-3);
  });
});

describe('bands', () => {
  const sd1 = { ...config, blockOutChannels: [128, 256, 512, 512], layersPerBlock: 2, groups: 32 };
  const limit = { whole: 64 * 2 ** 20, band: 64 * 2 ** 20 };

  test('are made of what is large, and not of what looks at all pixels', () => {
    const { layers } = decoderLayers(sd1);
    const { from, to, heights } = planBands(decoderLayers(sd1), [4, 128, 128], limit)!;
    expect(layers[from - 1]!.kind === 'attention' || from > 0).toBe(true);
    expect(layers.slice(from, to).some(({ kind }) => kind === 'attention')).toBe(false);
    expect(to).toBe(layers.length);
    expect(heights.reduce((sum, rows) => sum + rows, 0) % 128).toBe(0);
  });

  test('are not made of a small picture', () => {
    expect(planBands(decoderLayers(sd1), [4, 32, 32], limit)).toBeNull();
    expect(planBands(encoderLayers(sd1), [3, 256, 256], limit)).toBeNull();
  });

  test('have whole rows wherever the picture is smallest', () => {
    const { heights, to } = planBands(encoderLayers(sd1), [3, 1032, 512], limit)!;
    const halvings = encoderLayers(sd1)
      .layers.slice(0, to)
      .filter(({ kind }) => kind === 'downsample').length;
    expect(halvings).toBeGreaterThan(0);
    for (const rows of heights) expect(rows % 2 ** halvings).toBe(0);
    expect(heights.reduce((sum, rows) => sum + rows, 0)).toBe(1032);
  });
});
