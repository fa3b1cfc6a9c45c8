import { elementCount } from '../graph/data-type.ts';
import { createTorchGenerator } from '../random/torch-generator.ts';

/**
 * Standard normal noise for a batch of pictures, each from its own seed: `[pictures, ...shape]`. The first call gives
 * what the initial latents are made of, each later call what a sampler adds at a step. A picture's noise does not
 * depend on which others are in the batch, and is what diffusers draws with one CPU generator per picture.
 * `shape`: of one picture's latents, `[channels, height, width]`.
 */
export function createPictureNoise(
  seeds: readonly (number | bigint)[],
  shape: readonly number[],
): () => Float32Array<ArrayBuffer> {
  const generators = seeds.map(createTorchGenerator);
  const size = elementCount(shape);
  return () => {
    const batch = new Float32Array(generators.length * size);
    generators.forEach((generator, i) => {
      batch.set(generator.randn(size), i * size);
    });
    return batch;
  };
}

/** The first noise of one picture: `torch.randn(shape, generator=torch.Generator().manual_seed(seed))`. */
export function latentsForSeed(seed: number | bigint, shape: readonly number[]): Float32Array<ArrayBuffer> {
  return createTorchGenerator(seed).randn(elementCount(shape));
}
