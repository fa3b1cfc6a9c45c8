import type { SumOptions } from '../../graph/data-type.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { conv, convTranspose, type Padding } from '../../graph/ops/conv.ts';
import { cast } from '../../graph/ops/elementwise.ts';
import { patches, reached, toImage, toRows } from '../../graph/ops/image-rows.ts';
import { gemm, matmul } from '../../graph/ops/matmul.ts';
import { reduceSum } from '../../graph/ops/reduce.ts';
import { gather, reshape, slice, transpose } from '../../graph/ops/shape.ts';
import type { RuleTable } from '../rule.ts';

export const convRules: RuleTable = {
  Conv: ({ node, outputGradients: [dy], wanted, options: sums }) => {
    const [x, weight, bias] = node.inputs as readonly [Value, Value, Value | undefined];
    if (node.attributes.group) throw new Error('Conv: there is no gradient of one by groups.');
    const { strides, pads } = node.attributes as { strides: { ints: number[] }; pads: { ints: number[] } };
    const geometry = { stride: strides.ints[0]!, padding: pads.ints as unknown as Padding };
    const [dx, dWeight] = inputAndWeightGradients(dy!, x, weight, geometry, wanted);
    return [dx, dWeight, ...(bias ? [wanted[2] ? channelSums(dy!, sums) : null] : [])];
  },
};

export interface Stepping {
  readonly stride: number;
  /** Top, left, bottom, right. */
  readonly padding: Padding;
}

/** A bias's gradient: [n, c, h, w] -> [c], the longest runs of memory first. */
function channelSums(dy: Value, { accumulateIn = dy.type }: SumOptions): Value {
  const [n, c, h, w] = dy.shape as readonly [number, number, number, number];
  const terms = cast(reshape(dy, [n, c, h * w]), accumulateIn);
  return cast(reduceSum(reduceSum(terms, [2]), [0]), dy.type);
}

/**
 * Where both gradients are wanted, one gathering of the output's gradient around every input pixel (im2col over
 * pixels as rows) serves two matrix products.
 */
function inputAndWeightGradients(
  dy: Value,
  x: Value,
  weight: Value,
  { stride, padding }: Stepping,
  [inputWanted, weightWanted]: readonly boolean[],
): readonly [Value | null, Value | null] {
  const [o, c, kh, kw] = weight.shape as readonly [number, number, number, number];
  const taps = kh * kw;
  const geometry = { input: x.shape, output: dy.shape, kernel: [kh, kw], stride, padding } as const;
  if (inputWanted && weightWanted && stride === 1) {
    const rows = reached(toRows(dy), geometry);
    const byTap = reshape(transpose(reshape(weight, [o * c, taps]), [1, 0]), [taps * o, c]);
    // In this order of the axes one moves to the front; any other makes the transpose many times slower.
    const product = gemm(toRows(x), rows, null, { transA: true });
    return [
      toImage(gemm(rows, byTap, null, {}), x.shape),
      reshape(transpose(reshape(product, [c * taps, o]), [1, 0]), weight.shape),
    ];
  }
  const dx = inputWanted ? inputGradient(dy, weight, x.shape, { stride, padding }) : null;
  if (!weightWanted) return [dx, null];
  const product = gemm(toRows(dy), patches(toRows(x), geometry), null, { transA: true });
  return [dx, reshape(transpose(reshape(product, [o, taps, c]), [0, 2, 1]), weight.shape)];
}

function inputGradient(
  dy: Value,
  weight: Value,
  inputShape: readonly number[],
  { stride, padding }: Stepping,
): Value {
  const [n, c, h, w] = inputShape as readonly [number, number, number, number];
  const [o, , kh, kw] = weight.shape as readonly [number, number, number, number];
  if (kh === 1 && kw === 1 && stride === 1 && padding.every((p) => p === 0)) {
    const pixels = reshape(dy, [n, o, h * w]);
    return reshape(matmul(transpose(reshape(weight, [o, c]), [1, 0]), pixels), inputShape);
  }
  if (stride !== 1) return stridedInputGradient(dy, weight, [h, w], { stride, padding });
  // A convolution with the kernel turned by half a turn and its channels swapped. Taps come first while they are
  // turned, so that what moves is long.
  const byTap = transpose(reshape(weight, [o * c, kh * kw]), [1, 0]);
  const turned = reshape(gather(byTap, reversed(weight.graph, kh * kw), 0), [kh * kw, o, c]);
  const swapped = reshape(transpose(turned, [2, 1, 0]), [c, o, kh, kw]);
  const [top, left, bottom, right] = padding;
  return conv(dy, swapped, null, { padding: [kh - 1 - top, kw - 1 - left, kh - 1 - bottom, kw - 1 - right] });
}

/** CUDA takes the same padding on both sides alone: any other is cut off the gradient of the padded input. */
function stridedInputGradient(
  dy: Value,
  weight: Value,
  [h, w]: readonly [number, number],
  { stride, padding }: Stepping,
): Value {
  const [top, left, bottom, right] = padding;
  if (top === bottom && left === right) return convTranspose(dy, weight, { stride, padding }, [h, w]);
  const padded = [h + top + bottom, w + left + right] as const;
  const dx = convTranspose(dy, weight, { stride, padding: [0, 0, 0, 0] }, padded);
  return slice(dx, [
    { axis: 2, begin: top, end: top + h },
    { axis: 3, begin: left, end: left + w },
  ]);
}

function reversed(graph: Graph, count: number): Value {
  return graph.constant(
    'int64',
    [count],
    Array.from({ length: count }, (_, i) => count - 1 - i),
  );
}
