import type { BackwardOptions, Node, Value } from '../graph.ts';
import { add, cast, mul, reciprocal, sqrt, sub } from './elementwise.ts';
import { reduceMean } from './reduce.ts';
import { sameType } from './same-type.ts';

/** Mean and 1 / standard deviation over the normalised axes, which are kept with extent 1: float32 whatever x is. */
export interface Statistics {
  readonly mean: Value;
  readonly inverseDeviation: Value;
}

export interface Normalized extends Statistics {
  readonly output: Value;
  readonly node: Node;
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
  return { output: output!, mean: mean!, inverseDeviation: inverseDeviation!, node: x.graph.nodes.at(-1)! };
}

/** What a LayerNormalization found of its input, for its gradient: as it gives it, or computed from the input again. */
export function statisticsOf(
  { inputs: [input], outputs: [, mean, inverseDeviation], attributes: { epsilon } }: Node,
  { ownStatistics = false }: BackwardOptions,
): Statistics {
  if (!ownStatistics) return { mean: mean!, inverseDeviation: inverseDeviation! };
  const x = cast(input!, 'float32');
  const last = [x.shape.length - 1];
  const ownMean = reduceMean(x, last, true);
  const centred = sub(x, ownMean);
  const variance = reduceMean(mul(centred, centred), last, true);
  const deviation = sqrt(add(variance, (epsilon as { readonly float: number }).float));
  return { mean: ownMean, inverseDeviation: reciprocal(deviation) };
}
