import { describe, expect, test } from 'vitest';

import { createTorchGenerator } from '../../native/random/torch-generator.ts';
import { createPictureNoise, latentsForSeed } from '../../native/sampling/picture-noise.ts';

describe('the noise of pictures', () => {
  const shape = [4, 3, 2];

  test('starts with the latents of each seed and goes on with that seed', () => {
    const noise = createPictureNoise([7, 8], shape);
    const generators = [7, 8].map(createTorchGenerator);
    for (let call = 0; call < 3; call++) {
      const expected = generators.flatMap((generator) => [...generator.randn(24)]);
      expect([...noise()]).toEqual(expected);
    }
    expect(latentsForSeed(7, shape)).toEqual(createPictureNoise([7], shape)());
  });
});
