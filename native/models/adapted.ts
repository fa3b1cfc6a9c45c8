import { elementCount } from '../graph/data-type.ts';
import type { Value } from '../graph/graph.ts';
import { conv, type ConvOptions } from '../graph/ops/conv.ts';
import { add, div, mul, sqrt } from '../graph/ops/elementwise.ts';
import { gemm, matmul } from '../graph/ops/matmul.ts';
import { reduceSum } from '../graph/ops/reduce.ts';
import { reshape, transpose } from '../graph/ops/shape.ts';
import type { Adapter } from './model-builder.ts';

/** A layer that an adapter may be on. */
export interface AdaptableLayer {
  /** Its output as it is without one. */
  readonly plain: (bias: Value | null) => Value;
  readonly bias: Value | null;
  /** What an adapter adds to the output. */
  readonly change: (adapter: Adapter) => Value;
  /** [out, ...], or taps first: [kh·kw, out, in]. */
  readonly weight: Value;
  /** A number for each output [out], in a shape that goes along the outputs. */
  readonly alongOutputs: (vector: Value) => Value;
}

/**
 * The layer's output with its adapter. Of a DoRA (Liu et al. 2024), the weight W + scale · up · down is brought to its outputs'
 * magnitudes; the lengths that it has of itself count as constants on the way back (section 4.3), as PEFT has it.
 */
export function adapted(
  adapter: Adapter | null,
  { plain, bias, change, weight, alongOutputs }: AdaptableLayer,
): Value {
  if (adapter === null) return plain(bias);
  const { magnitude } = adapter;
  if (!magnitude) return add(plain(bias), change(adapter));
  const factor = div(magnitude, outputLengths(adapter, weight));
  const y = mul(add(plain(null), change(adapter)), alongOutputs(factor));
  return bias ? add(y, alongOutputs(bias)) : y;
}

/** scale · up(down(x)) of rows [n, in], of which each image of the batch has as many. */
export function lowRank({ down, up, scale, rankWeights }: Adapter, x: Value): Value {
  // Scaling in the middle touches rank numbers a row instead of all of the output's.
  const hidden = mul(gemm(x, down, null, { transB: true }), scale);
  return gemm(rankWeights ? weighed(hidden, rankWeights) : hidden, up, null, { transB: true });
}

function weighed(hidden: Value, weights: Value): Value {
  const [n, rank] = weights.shape as readonly [number, number];
  const shape = [n, hidden.shape[0]! / n, rank];
  return reshape(mul(reshape(hidden, shape), reshape(weights, [n, 1, rank])), hidden.shape);
}

/** The same of pixels [n, c, h, w]: `down` has the layer's kernel, `up` one of a single pixel. */
export function lowRankConv(
  { down, up, scale, rankWeights }: Adapter,
  x: Value,
  options: ConvOptions,
): Value {
  const [outputs, rank] = up.shape as readonly [number, number];
  const kernel = down.shape.length === 2 ? reshape(down, [...down.shape, 1, 1]) : down;
  const scaled = mul(conv(x, kernel, null, options), scale);
  const hidden = rankWeights
    ? mul(scaled, reshape(rankWeights, [rankWeights.shape[0]!, rank, 1, 1]))
    : scaled;
  return conv(hidden, reshape(up, [outputs, rank, 1, 1]), null, { padding: [0, 0, 0, 0] });
}

/** Lengths of the outputs' weights in W + scale · up · down, as constants of whatever they are made of: [out]. */
function outputLengths({ down, up, scale }: Adapter, weight: Value): Value {
  return weight.graph.block([weight, down, up], () => {
    const [outputs, rank] = up.shape as readonly [number, number];
    const tapsFirst = weight.shape.length === 3;
    const changed = tapsFirst
      ? add(weight, mul(matmul(reshape(up, [1, outputs, rank]), tapsOf(down)), scale))
      : add(
          reshape(weight, [outputs, elementCount(weight.shape) / outputs]),
          mul(matmul(up, reshape(down, [rank, elementCount(down.shape) / rank])), scale),
        );
    const squares = reduceSum(mul(changed, changed), tapsFirst ? [0, 2] : [1]);
    return { outputs: [sqrt(squares)], gradient: () => [null, null, null] };
  })[0]!;
}

/** [rank, in, kh, kw] -> [kh·kw, rank, in] */
function tapsOf(down: Value): Value {
  const [rank, inputs, height, width] = down.shape as readonly [number, number, number, number];
  return transpose(reshape(down, [rank, inputs, height * width]), [2, 0, 1]);
}
