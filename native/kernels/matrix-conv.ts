import type { Value } from '../graph/graph.ts';
import { add } from '../graph/ops/elementwise.ts';
import { type ConvGeometry, reached, sumOfTaps, toImage, toRows } from '../graph/ops/image-rows.ts';
import { gemm } from '../graph/ops/matmul.ts';
import { sumRows } from '../graph/ops/reduce.ts';
import { reshape } from '../graph/ops/shape.ts';
import { winogradConv, winogradTile } from './winograd-conv.ts';

/** With fewer channels Conv is as fast: at 24, Winograd's transforms took 1.0 to 1.3 of its time. */
const fewestChannels = 32;

/** Whether it suits a convolution of these channels; of pictures of any size, since one weight may meet several. */
export function suitsMatrixConv(inChannels: number, outChannels: number): boolean {
  return Math.min(inChannels, outChannels) >= fewestChannels;
}

/**
 * A 3x3 convolution of stride 1 and padding 1, forward and backward of matrix products over pixels as rows: x [n, c, h, w]
 * with weight [9, o, c] and bias [o] -> [n, o, h, w]. By Winograd's method where that is worth it.
 */
export function matrixConv(x: Value, weight: Value, bias: Value): Value {
  const tile = winogradTile(x.shape, weight.shape[1]!);
  return tile ? winogradConv(x, weight, bias, tile) : rowsConv(x, weight, bias);
}

/** Every pixel times every tap's matrix in one product; each output pixel then is the sum of what nine taps bring to it. */
export function rowsConv(x: Value, weight: Value, bias: Value): Value {
  return x.graph.block([x, weight, bias], () => {
    const [taps, o, c] = weight.shape as readonly [number, number, number];
    const geometry: ConvGeometry = {
      input: x.shape,
      output: [x.shape[0]!, o, x.shape[2]!, x.shape[3]!],
      kernel: [3, 3],
      stride: 1,
      padding: [1, 1, 1, 1],
    };
    const matrix = reshape(weight, [taps * o, c]);
    const rows = toRows(x);
    const output = add(sumOfTaps(rows, matrix, geometry), bias);
    return {
      outputs: [toImage(output, geometry.output)],
      gradient: ([gradient], sums) => {
        const dy = toRows(gradient!);
        const around = reached(dy, geometry);
        return [
          toImage(gemm(around, matrix, null, {}), x.shape),
          reshape(gemm(around, rows, null, { transA: true }), weight.shape),
          sumRows(dy, sums),
        ];
      },
    };
  })[0]!;
}
