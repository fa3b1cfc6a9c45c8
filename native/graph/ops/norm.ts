import type { Value } from '../graph.ts';
import { sameType } from './same-type.ts';

export interface Normalized {
  readonly output: Value;
  /** Mean and 1 / standard deviation over the normalised axes, which are kept with extent 1: float32 whatever x is. */
  readonly mean: Value;
  readonly inverseDeviation: Value;
}

/** Normalises over the last axis, then scales by `scale` and adds `bias`, both [last extent]. */
export function layerNormalization(x: Value, scale: Value, bias: Value | null, epsilon: number): Normalized {
  const last = x.shape.length - 1;
  const shape = x.shape.map((extent, i) => (i === last ? 1 : extent));
  // Of the type that the attribute stash_type names, whose default is float32.
  const statistics = { type: 'float32', shape, optional: true } as const;
  const attributes = { axis: { int: -1 }, epsilon: { float: epsilon } };
  const inputs = bias ? [x, scale, bias] : [x, scale];
  const outputs = [{ type: sameType('LayerNormalization', inputs), shape: x.shape }, statistics, statistics];
  const [output, mean, inverseDeviation] = x.graph.node('LayerNormalization', inputs, attributes, outputs);
  return { output: output!, mean: mean!, inverseDeviation: inverseDeviation! };
}
