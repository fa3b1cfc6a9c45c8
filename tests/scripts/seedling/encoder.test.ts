import { describe, expect, test } from 'vitest';

import { decode, encode, readAutoencoderConfig } from '../../../native/models/autoencoder.ts';
import { openInference } from '../../../native/models/inference.ts';
import { normals } from '../../../native/random/philox.ts';
import { chooseRuntime } from '../../../native/runtime/providers.ts';
import { seedlingConfigs } from '../../../scripts/seedling/configs.ts';
import { blockLatents, firstVaeWeights, fitBlockTransform } from '../../../scripts/seedling/encoder.ts';

const size = 64;

/** Soft blobs, different by number, some of strong contrast and some hardly visible. */
function blobs(number: number): Float32Array<ArrayBuffer> {
  const at = normals(3, 'noise', 0, number, new Float32Array(12));
  const strength = number % 2 === 0 ? 1 : 0.1;
  return Float32Array.from({ length: 3 * size * size }, (_, i) => {
    const [c, y, x] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
    const distance = ((x - 32 - 8 * at[0]!) ** 2 + (y - 32 - 8 * at[1]!) ** 2) / 300;
    const waves = Math.sin(x * (0.2 + 0.1 * at[3]!) + c) * Math.cos(y * (0.2 + 0.1 * at[4]!));
    return Math.tanh(strength * (at[5 + c]! * Math.exp(-distance) + 0.4 * waves));
  });
}

describe('the first weights of the VAE', () => {
  test('encode by the block transform, at strong and at weak contrast, as an ordinary encoder', async () => {
    const config = readAutoencoderConfig(seedlingConfigs['vae/config.json']);
    const transform = fitBlockTransform(
      Array.from({ length: 8 }, (_, i) => blobs(i)),
      size,
      config,
    );
    const weights = firstVaeWeights(config, transform, 0);
    const runtime = await chooseRuntime({ provider: 'cpu' });
    const encoder = await openInference(
      runtime,
      ({ key }) => Promise.resolve(weights.get(key)!.data),
      (builders, graph) => {
        const model = builders('vae');
        const pictures = graph.input('pictures', 'float32', [1, 3, size, size]);
        const { mean, logVariance } = encode(model, config, pictures);
        return { mean, logVariance, decoded: decode(model, config, mean) };
      },
    );
    for (const number of [1, 2, 20, 21]) {
      const picture = blobs(number);
      const { mean, logVariance, decoded } = await encoder.run({ pictures: picture });
      const expected = blockLatents(transform, picture, size);
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest).toBeGreaterThan(0.1);
      const furthest = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - mean![i]!)), 0);
      // The norm's deviation is that of its constants to a few thousandths.
      expect(furthest).toBeLessThan(0.01 * Math.max(1, largest));
      expect(logVariance![0]).toBeCloseTo(Math.log(0.02 ** 2), 4);
      expect(decoded!.every(Number.isFinite)).toBe(true);
    }
    await encoder.dispose();
    await runtime.dispose();
  });
});
