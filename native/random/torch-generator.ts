import { createMersenneTwister } from './mersenne-twister.ts';

/** The part of `torch.Generator(device='cpu')` that pictures depend on. Successive calls continue one stream. */
export interface TorchGenerator {
  /** `torch.rand(length, generator=…)`: float32 uniforms in [0, 1), equal to PyTorch's to the bit. */
  rand(length: number): Float32Array<ArrayBuffer>;
  /**
   * `torch.randn(length, generator=…)`: float32 standard normals, equal to PyTorch's but for the rounding of its
   * approximate single-precision logarithm, sine and cosine (absolute difference below 6e-7).
   */
  randn(length: number): Float32Array<ArrayBuffer>;
}

const twoPi = Math.fround(2 * Math.PI);
const block = 16;
const half = 8;

/** Turns 16 uniforms at `offset` into 16 normals in place, each of the first 8 paired with one of the last 8. */
function boxMuller(values: Float32Array, offset: number): void {
  for (let i = offset; i < offset + half; i++) {
    const radius = Math.fround(Math.sqrt(Math.fround(-2 * Math.fround(Math.log(1 - values[i]!)))));
    const theta = Math.fround(twoPi * values[i + half]!);
    values[i] = radius * Math.cos(theta);
    values[i + half] = radius * Math.sin(theta);
  }
}

/**
 * PyTorch's CPU generator after `manual_seed(seed)`, so that a seed means the same picture as in diffusers. Of the
 * seed the lowest 32 bits count, as there. A number must be an integer that doubles hold exactly.
 * Source: the behaviour of PyTorch 2.15 (`ATen/native/cpu/DistributionTemplates.h`, `MT19937RNGEngine.h`).
 */
export function createTorchGenerator(seed: number | bigint): TorchGenerator {
  if (typeof seed === 'number' && !Number.isSafeInteger(seed)) {
    throw new RangeError(
      `A seed is an integer, and a bigint beyond ±${Number.MAX_SAFE_INTEGER}; this is ${seed}`,
    );
  }
  const random = createMersenneTwister(Number(BigInt.asUintN(32, BigInt(seed))));
  // A call for fewer than 16 normals makes them in pairs and may leave one over for the next such call.
  let leftOver: number | undefined;

  const fillUniform = (into: Float32Array): void => {
    for (let i = 0; i < into.length; i++) into[i] = (random() & 0xffffff) * 2 ** -24;
  };
  const uniformDouble = (): number => {
    const high = random() & 0x1fffff;
    return (high * 2 ** 32 + random()) * 2 ** -53;
  };
  const normalDouble = (): number => {
    if (leftOver !== undefined) {
      const normal = leftOver;
      leftOver = undefined;
      return normal;
    }
    const theta = 2 * Math.PI * uniformDouble();
    const radius = Math.sqrt(-2 * Math.log1p(-uniformDouble()));
    leftOver = radius * Math.sin(theta);
    return radius * Math.cos(theta);
  };

  return {
    rand(length) {
      const uniforms = new Float32Array(length);
      fillUniform(uniforms);
      return uniforms;
    },
    randn(length) {
      const normals = new Float32Array(length);
      if (length < block) {
        for (let i = 0; i < length; i++) normals[i] = normalDouble();
        return normals;
      }
      fillUniform(normals);
      for (let i = 0; i + block <= length; i += block) boxMuller(normals, i);
      if (length % block !== 0) {
        // The last 16 are drawn anew, over some that were already normals.
        fillUniform(normals.subarray(length - block));
        boxMuller(normals, length - block);
      }
      return normals;
    },
  };
}
