import { channelSums, inputAndWeightGradients } from '../autodiff/rules/conv.ts';
import type { Value } from '../graph/graph.ts';
import type { Padding } from '../graph/ops/conv.ts';
import { patches, toImage, toRows } from '../graph/ops/image-rows.ts';
import { gemm } from '../graph/ops/matmul.ts';
import { reshape, transpose } from '../graph/ops/shape.ts';

/**
 * A convolution of stride 1 as a gathering of patches and one matrix product: x [n, c, h, w] with weight
 * [o, c, kh, kw] and bias [o]. ONNX Runtime's own multiplies one image at a time, which on few pixels leaves threads
 * idle; its gradients are those of Conv.
 */
export function convByRows(x: Value, weight: Value, bias: Value, padding: Padding): Value {
  return x.graph.block([x, weight, bias], () => {
    const [n, c, h, w] = x.shape as readonly [number, number, number, number];
    const [o, , kh, kw] = weight.shape as readonly [number, number, number, number];
    const [top, left, bottom, right] = padding;
    const output = [n, o, h + top + bottom - kh + 1, w + left + right - kw + 1];
    const rows = patches(toRows(x), { input: x.shape, output, kernel: [kh, kw], stride: 1, padding });
    const byTap = reshape(transpose(reshape(weight, [o, c, kh * kw]), [0, 2, 1]), [o, kh * kw * c]);
    return {
      outputs: [toImage(gemm(rows, byTap, bias, { transB: true }), output)],
      gradient: ([dy]) => [
        ...inputAndWeightGradients(dy!, x, weight, { stride: 1, padding }, [true, true]),
        channelSums(dy!),
      ],
    };
  })[0]!;
}
