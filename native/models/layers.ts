import type { Value } from '../graph/graph.ts';
import { conv, type ConvOptions, type Padding } from '../graph/ops/conv.ts';
import { add, mul, sub } from '../graph/ops/elementwise.ts';
import { gemm, matmul } from '../graph/ops/matmul.ts';
import { layerNormalization, statisticsOf } from '../graph/ops/norm.ts';
import { reduceSum, softmax, sumRows } from '../graph/ops/reduce.ts';
import { reshape, transpose } from '../graph/ops/shape.ts';
import { attentionInPieces, mostScores as usualScores } from '../kernels/attention-in-pieces.ts';
import { matrixConv, suitsMatrixConv } from '../kernels/matrix-conv.ts';
import { adapted, lowRank, lowRankConv } from './adapted.ts';
import type { ModelBuilder } from './model-builder.ts';
import { biasKind, normScaleKind, normShiftKind, weightKind } from './parameter.ts';

export interface LinearOptions {
  readonly hasBias?: boolean;
  /** Whether a residual branch ends in it: see `Initialization`. */
  readonly endsBranch?: boolean;
}

/** x [rows, in] -> [rows, out], with the adapter of that module where it has one. */
export function linear(
  model: ModelBuilder,
  name: string,
  x: Value,
  outFeatures: number,
  { hasBias = true, endsBranch = false }: LinearOptions = {},
): Value {
  const inFeatures = x.shape[1]!;
  const weight = model.parameter(
    `${name}.weight`,
    [outFeatures, inFeatures],
    weightKind(inFeatures, { endsBranch }),
  );
  const bias = hasBias ? model.parameter(`${name}.bias`, [outFeatures], biasKind) : null;
  return adapted(model.adapter({ path: name, inFeatures, outFeatures, kernel: [] }), {
    plain: (own) => gemm(x, weight, own, { transB: true }),
    change: (adapter) => lowRank(adapter, x),
    alongOutputs: (vector) => vector,
    bias,
    weight,
  });
}

const evenly = (margin: number): Padding => [margin, margin, margin, margin];

export type Conv2dOptions = Partial<ConvOptions> & Pick<LinearOptions, 'endsBranch'>;

/** x [n, c, h, w] -> [n, out, h', w'] with a square kernel; padded to the same size unless told otherwise. */
export function conv2d(
  model: ModelBuilder,
  name: string,
  x: Value,
  outChannels: number,
  kernel: number,
  { endsBranch = false, stride = 1, padding = evenly(kernel >> 1) }: Conv2dOptions = {},
): Value {
  const channels = x.shape[1]!;
  const shape = [outChannels, channels, kernel, kernel];
  const same = kernel === 3 && stride === 1 && padding.every((p) => p === 1);
  const byProducts = model.matrixConv && same && suitsMatrixConv(channels, outChannels);
  const weight = model.parameter(`${name}.weight`, shape, {
    ...weightKind(channels * kernel * kernel, { endsBranch }),
    layout: byProducts ? 'taps-first' : 'state-dict',
  });
  const bias = model.parameter(`${name}.bias`, [outChannels], biasKind);
  const module = { path: name, inFeatures: channels, outFeatures: outChannels, kernel: [kernel, kernel] };
  return adapted(model.adapter(module), {
    plain: (own) =>
      byProducts
        ? matrixConv(x, weight, own ?? x.graph.filled(x.type, [outChannels], 0))
        : conv(x, weight, own, { stride, padding }),
    change: (adapter) => lowRankConv(adapter, x, { stride, padding }),
    alongOutputs: (vector) => reshape(vector, [outChannels, 1, 1]),
    bias,
    weight,
  });
}

/** A 1x1 convolution over pixels laid out as rows: x [rows, in] -> [rows, out]; its weight is [out, in, 1, 1]. */
export function pointwiseConv(
  model: ModelBuilder,
  name: string,
  x: Value,
  outChannels: number,
  { endsBranch = false }: Pick<LinearOptions, 'endsBranch'> = {},
): Value {
  const inChannels = x.shape[1]!;
  const kernels = model.parameter(
    `${name}.weight`,
    [outChannels, inChannels, 1, 1],
    weightKind(inChannels, { endsBranch }),
  );
  const bias = model.parameter(`${name}.bias`, [outChannels], biasKind);
  const weight = reshape(kernels, [outChannels, inChannels]);
  const module = { path: name, inFeatures: inChannels, outFeatures: outChannels, kernel: [1, 1] };
  return adapted(model.adapter(module), {
    plain: (own) => gemm(x, weight, own, { transB: true }),
    change: (adapter) => lowRank(adapter, x),
    alongOutputs: (vector) => vector,
    bias,
    weight,
  });
}

/** x [rows, n], normalised along n. */
export function layerNorm(model: ModelBuilder, name: string, x: Value, epsilon: number): Value {
  const features = x.shape[1]!;
  const scale = model.parameter(`${name}.weight`, [features], normScaleKind);
  const shift = model.parameter(`${name}.bias`, [features], normShiftKind);
  return x.graph.block([x, scale, shift], () => {
    const ones = x.graph.filled(x.type, [features], 1);
    const { output: normalized, node } = layerNormalization(x, ones, null, epsilon);
    const output = add(mul(normalized, scale), shift);
    return {
      outputs: [output],
      gradient: ([dy], options) => {
        const { inverseDeviation } = statisticsOf(node, options);
        const weighted = mul(dy!, normalized);
        // Means along the features of dy·scale and of dy·scale·x̂, negated, without making either product.
        const averaging = reshape(mul(scale, -1 / features), [features, 1]);
        const slope = matmul(weighted, averaging);
        const offset = matmul(dy!, averaging);
        const dx = mul(add(mul(dy!, scale), add(mul(normalized, slope), offset)), inverseDeviation);
        return [dx, sumRows(weighted), sumRows(dy!)];
      },
    };
  })[0]!;
}

/** x [1, c, h, w], normalised by what was found of all pixels: mean and inverse deviation of each channel's group, [1, c, 1, 1]. */
export function normalizedBy(
  model: ModelBuilder,
  name: string,
  x: Value,
  { mean, inverse }: { readonly mean: Value; readonly inverse: Value },
): Value {
  const perChannel = [1, x.shape[1]!, 1, 1];
  const scale = reshape(model.parameter(`${name}.weight`, [x.shape[1]!], normScaleKind), perChannel);
  const shift = reshape(model.parameter(`${name}.bias`, [x.shape[1]!], normShiftKind), perChannel);
  const slope = mul(scale, inverse);
  return add(mul(x, slope), sub(shift, mul(mean, slope)));
}

/** x [n, c, h, w], normalised over each group of c / groups channels and all pixels (Wu & He 2018). */
export function groupNorm(
  model: ModelBuilder,
  name: string,
  x: Value,
  groups: number,
  epsilon: number,
): Value {
  const [n, c, h, w] = x.shape as readonly [number, number, number, number];
  const scale = model.parameter(`${name}.weight`, [c], normScaleKind);
  const shift = model.parameter(`${name}.bias`, [c], normShiftKind);
  return x.graph.block([x, scale, shift], () => {
    const size = (c / groups) * h * w;
    const ones = x.graph.filled(x.type, [size], 1);
    const { output, node } = layerNormalization(reshape(x, [n * groups, size]), ones, null, epsilon);
    const normalized = reshape(output, [n, c, h * w]);
    const scales = reshape(scale, [c, 1]);
    const y = add(mul(normalized, scales), reshape(shift, [c, 1]));
    return {
      outputs: [reshape(y, x.shape)],
      gradient: ([gradient], options) => {
        const { inverseDeviation } = statisticsOf(node, options);
        const dy = reshape(gradient!, [n, c, h * w]);
        // All sums over pixels are taken once per channel; what the groups need is made of those few numbers.
        const sums = reduceSum(dy, [2]);
        const weightedSums = reduceSum(mul(dy, normalized), [2]);
        const inverse = reshape(inverseDeviation, [n, groups, 1]);
        const inverseScale = reshape(mul(reshape(scale, [1, groups, c / groups]), inverse), [n, c, 1]);
        const meanScale = mul(scale, -1 / size);
        const perGroup = (perChannel: Value): Value => {
          const weighted = reshape(mul(perChannel, meanScale), [n, groups, c / groups]);
          return mul(reduceSum(weighted, [2], true), inverse);
        };
        const grouped = reshape(normalized, [n, groups, size]);
        const own = reshape(mul(dy, inverseScale), [n, groups, size]);
        const dx = add(own, add(mul(grouped, perGroup(weightedSums)), perGroup(sums)));
        return [reshape(dx, x.shape), reduceSum(weightedSums, [0]), reduceSum(sums, [0])];
      },
    };
  })[0]!;
}

export interface AttentionShape {
  readonly batch: number;
  readonly heads: number;
  /** Added to the scores: [queries, keys]. */
  readonly mask?: Value;
  /** More scores than that are not in memory at a time. With a mask, as for short texts, all are. */
  readonly mostScores?: number;
}

/** Scaled dot-product attention (Vaswani et al. 2017): q [batch·sq, d], k and v [batch·sk, d] -> [batch·sq, d]. */
export function attention(
  q: Value,
  k: Value,
  v: Value,
  { batch, heads, mask, mostScores = usualScores }: AttentionShape,
): Value {
  const [rows, width] = q.shape as readonly [number, number];
  const [sq, sk, size] = [rows / batch, k.shape[0]! / batch, width / heads];
  const scaled = mul(q, 1 / Math.sqrt(size));
  if (!mask && batch * heads * sq * sk > mostScores) {
    const [queries, keys, values] = [scaled, k, v].map((x) => {
      const tokens = x.shape[0]! / batch;
      const perHead = transpose(reshape(x, [batch, tokens, heads, size]), [0, 2, 1, 3]);
      return reshape(perHead, [batch * heads, tokens, size]);
    }) as [Value, Value, Value];
    const attended = reshape(attentionInPieces(queries, keys, values, mostScores), [batch, heads, sq, size]);
    return reshape(transpose(attended, [0, 2, 1, 3]), [rows, width]);
  }
  const queries = transpose(reshape(scaled, [batch, sq, heads, size]), [0, 2, 1, 3]);
  const keys = transpose(reshape(k, [batch, sk, heads, size]), [0, 2, 3, 1]);
  const values = transpose(reshape(v, [batch, sk, heads, size]), [0, 2, 1, 3]);
  const scores = matmul(queries, keys);
  const weights = softmax(mask ? add(scores, mask) : scores);
  return reshape(transpose(matmul(weights, values), [0, 2, 1, 3]), [rows, width]);
}
