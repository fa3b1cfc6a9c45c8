import { elementCount } from '../graph/data-type.ts';
import type { ParameterSpec } from '../models/model-builder.ts';
import { normals, uniforms } from '../random/philox.ts';

type Weights = Float32Array<ArrayBuffer>;

/** Index of a parameter in the stream of initial weights: FNV-1a of its name, so no other parameter moves it. */
function streamIndex(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function uniformWithin(bound: number, { name, shape }: ParameterSpec, seed: number): Weights {
  const weights = uniforms(
    seed,
    'initial-weights',
    0,
    streamIndex(name),
    new Float32Array(elementCount(shape)),
  );
  for (let i = 0; i < weights.length; i++) weights[i] = (2 * weights[i]! - 1) * bound;
  return weights;
}

/**
 * Fresh weights of a model: PyTorch's defaults (uniform within 1/sqrt(fan in) for linear and convolution weights),
 * normal with deviation 0.02 for embeddings as CLIP's, ones and zeros for norms, and, with `zeroBranches`, zeros for what
 * a UNet's residual branches end in, as in latent diffusion: every block begins as the identity.
 */
export function initialWeights(spec: ParameterSpec, seed: number, zeroBranches: boolean): Weights {
  const { name, shape } = spec;
  const size = elementCount(shape);
  if (/norm[^.]*\.weight$/.test(name)) return new Float32Array(size).fill(1);
  if (name.endsWith('.bias')) return new Float32Array(size);
  if (zeroBranches && /(\.conv2|\.proj_out|^unet\.conv_out)\.weight$/.test(name)) {
    return new Float32Array(size);
  }
  if (name.endsWith('embedding.weight')) {
    const weights = normals(seed, 'initial-weights', 0, streamIndex(name), new Float32Array(size));
    for (let i = 0; i < size; i++) weights[i] = weights[i]! * 0.02;
    return weights;
  }
  return uniformWithin(1 / Math.sqrt(size / shape[0]!), spec, seed);
}

/** A new adapter: `down` as a fresh linear layer, `up` zero, so that it begins as no change (Hu et al. 2021). */
export function initialAdapter(spec: ParameterSpec, seed: number): Weights {
  if (spec.name.endsWith('.up')) return new Float32Array(elementCount(spec.shape));
  return uniformWithin(1 / Math.sqrt(spec.shape[1]!), spec, seed);
}
