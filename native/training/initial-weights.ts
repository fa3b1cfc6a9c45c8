import { elementCount } from '../graph/data-type.ts';
import type { Parameter } from '../models/parameter.ts';
import { normals, uniforms } from '../random/philox.ts';

type Weights = Float32Array<ArrayBuffer>;

/** The first values of a parameter that nobody has trained, a function of its name and the seed. */
export function initialWeights(parameter: Parameter, seed: number): Weights {
  const { initialization, shape } = parameter;
  if (initialization.kind === 'uniform' && initialization.endsBranch) {
    return new Float32Array(elementCount(shape));
  }
  return drawnWeights(parameter, seed);
}

/** The same, but for branches that begin as zero: these are drawn too, for where zeros would make work lighter. */
export function drawnWeights({ name, shape, initialization }: Parameter, seed: number): Weights {
  const weights = new Float32Array(elementCount(shape));
  switch (initialization.kind) {
    case 'constant':
      return weights.fill(initialization.value);
    case 'normal':
      normals(seed, 'initial-weights', 0, streamIndex(name), weights);
      return scaled(weights, (value) => value * initialization.deviation);
    case 'uniform':
      uniforms(seed, 'initial-weights', 0, streamIndex(name), weights);
      return scaled(weights, (value) => (2 * value - 1) * initialization.bound);
  }
}

function scaled(weights: Weights, scale: (value: number) => number): Weights {
  for (let i = 0; i < weights.length; i++) weights[i] = scale(weights[i]!);
  return weights;
}

/** Index of a parameter in the stream of initial weights: FNV-1a of its name, so no other parameter moves it. */
function streamIndex(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
