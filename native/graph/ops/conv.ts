import type { Value } from '../graph.ts';
import { sameType } from './same-type.ts';

/** Top, left, bottom, right, as in ONNX's `pads`. */
export type Padding = readonly [number, number, number, number];

export interface ConvOptions {
  readonly stride?: number;
  readonly padding: Padding;
}

/** x [n, c, h, w] with weight [o, c / groups, kh, kw] and bias [o] -> [n, o, h', w']. */
export function conv(
  x: Value,
  weight: Value,
  bias: Value | null,
  { stride = 1, padding, groups = 1 }: ConvOptions & { readonly groups?: number },
): Value {
  const [n, c, h, w] = x.shape as readonly [number, number, number, number];
  const [o, c2, kh, kw] = weight.shape as readonly [number, number, number, number];
  if (c !== c2 * groups)
    throw new Error(`Conv: [${x.shape.join(', ')}] does not fit a weight [${weight.shape.join(', ')}].`);
  const [top, left, bottom, right] = padding;
  const shape = [
    n,
    o,
    Math.floor((h + top + bottom - kh) / stride) + 1,
    Math.floor((w + left + right - kw) / stride) + 1,
  ];
  const attributes = {
    kernel_shape: { ints: [kh, kw] },
    strides: { ints: [stride, stride] },
    pads: { ints: padding },
    ...(groups > 1 && { group: { int: groups } }),
  };
  const inputs = bias ? [x, weight, bias] : [x, weight];
  return x.graph.node('Conv', inputs, attributes, [{ type: sameType('Conv', inputs), shape }])[0]!;
}

/** The transpose of `conv`: x [n, o, h', w'] with the same weight [o, c, kh, kw] -> [n, c, ...outputSize]. */
export function convTranspose(
  x: Value,
  weight: Value,
  { stride = 1, padding }: ConvOptions,
  outputSize: readonly [number, number],
): Value {
  const [n, , h, w] = x.shape as readonly [number, number, number, number];
  const [, c, kh, kw] = weight.shape as readonly [number, number, number, number];
  const [top, left, bottom, right] = padding;
  // Rows the strided convolution never reached at the far edge.
  const extra = [
    outputSize[0] - ((h - 1) * stride + kh - top - bottom),
    outputSize[1] - ((w - 1) * stride + kw - left - right),
  ];
  const attributes = {
    kernel_shape: { ints: [kh, kw] },
    strides: { ints: [stride, stride] },
    pads: { ints: padding },
    output_padding: { ints: extra },
  };
  return x.graph.node('ConvTranspose', [x, weight], attributes, [
    { type: sameType('ConvTranspose', [x, weight]), shape: [n, c, ...outputSize] },
  ])[0]!;
}
