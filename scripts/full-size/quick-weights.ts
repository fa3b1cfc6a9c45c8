import { elementCount } from '../../native/graph/data-type.ts';
import type { Parameter } from '../../native/models/parameter.ts';
import { normals } from '../../native/random/philox.ts';

/** A million normal numbers, over and over: drawing a billion of them would take half a minute. */
let numbers: Float32Array<ArrayBuffer> | undefined;

/** Weights of the size that fresh ones have, none of them zero, a function of the parameter's name. */
export function quickWeights({ name, shape }: Pick<Parameter, 'name' | 'shape'>): Float32Array<ArrayBuffer> {
  numbers ??= normals(0, 'initial-weights', 0, 0, new Float32Array(1 << 20));
  const weights = new Float32Array(elementCount(shape));
  const fanIn = shape.length > 1 ? weights.length / shape[0]! : 0;
  const [scale, shift] = fanIn > 0 ? [1 / Math.sqrt(3 * fanIn), 0] : [0.02, name.endsWith('weight') ? 1 : 0];
  const begin = name.length * 7919;
  const mask = numbers.length - 1;
  for (let i = 0; i < weights.length; i++) weights[i] = numbers[(begin + i) & mask]! * scale + shift;
  return weights;
}
