import { elementCount } from '../data-type.ts';
import type { Value } from '../graph.ts';
import { rememberedIndices } from '../remembered.ts';
import type { Padding } from './conv.ts';
import { gemm } from './matmul.ts';
import { gather, pad, reshape, transpose } from './shape.ts';

/** [n, c, h, w] -> [n·h·w, c] */
export function toRows(x: Value): Value {
  const [n, c, h, w] = x.shape as readonly [number, number, number, number];
  return reshape(transpose(reshape(x, [n, c, h * w]), [0, 2, 1]), [n * h * w, c]);
}

/** [n·h·w, c] -> [n, c, h, w] */
export function toImage(rows: Value, [n, , h, w]: readonly number[]): Value {
  const c = rows.shape[1]!;
  return reshape(transpose(reshape(rows, [n!, h! * w!, c]), [0, 2, 1]), [n!, c, h!, w!]);
}

/** A convolution's shapes, by which pixels of input and output meet. */
export interface ConvGeometry {
  /** [n, c, h, w] of its input and its output. */
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly kernel: readonly [number, number];
  readonly stride: number;
  readonly padding: Padding;
}

/**
 * For every output pixel the input pixels under the kernel (im2col): rows [n·h·w, c] -> [n·h'·w', kh·kw·c], with
 * zeros from the padding. One gathering of whole rows, which is a fraction of the time that slices take.
 */
export function patches(rows: Value, geometry: ConvGeometry): Value {
  const { output, kernel } = geometry;
  if (isOnePixel(geometry)) return rows;
  const shape = [countOf(output), kernel[0] * kernel[1]];
  const indices = rememberedIndices(rows.graph, keyOf('patches', geometry), shape, () =>
    underKernel(geometry),
  );
  return gatheredTaps(withZeroRow(rows), indices);
}

/**
 * For every input pixel the output pixels it reaches through each tap of the kernel: rows [n·h'·w', o] ->
 * [n·h·w, kh·kw·o], with zeros where a tap reaches none.
 */
export function reached(rows: Value, geometry: ConvGeometry): Value {
  const { input, output, kernel, stride, padding } = geometry;
  if (isOnePixel(geometry)) return rows;
  const shape = [countOf(input), kernel[0] * kernel[1]];
  const indices = rememberedIndices(rows.graph, keyOf('reached', geometry), shape, () =>
    meeting(input, output, kernel, (pixel, tap, axis) => (pixel + padding[axis] - tap) / stride),
  );
  return gatheredTaps(withZeroRow(rows), indices);
}

/**
 * A convolution of rows [n·h·w, c] with `matrix` [kh·kw·o, c], whose products with every pixel are made first: an output
 * pixel is the sum of one of them from each of the pixels under the kernel. -> [n·h'·w', o]
 */
export function sumOfTaps(rows: Value, matrix: Value, geometry: ConvGeometry): Value {
  const { graph } = rows;
  const { output, kernel } = geometry;
  const [taps, pixels, o] = [kernel[0] * kernel[1], countOf(output), output[1]!];
  const indices = rememberedIndices(graph, keyOf('sum of taps', geometry), [taps, pixels], () => {
    const found = underKernel(geometry);
    return Int32Array.from(found, (_, k) => {
      const [tap, pixel] = [Math.floor(k / pixels), k % pixels];
      return found[pixel * taps + tap]! * taps + tap;
    });
  });
  const products = gemm(withZeroRow(rows), matrix, null, { transB: true });
  const shares = gather(reshape(products, [elementCount(products.shape) / o, o]), indices, 0);
  // As a product, since summing over the first of few axes is many times slower.
  return reshape(gemm(graph.filled(rows.type, [1, taps], 1), reshape(shares, [taps, pixels * o]), null, {}), [
    pixels,
    o,
  ]);
}

function keyOf(kind: string, { input, output, kernel, stride, padding }: ConvGeometry): (string | number)[] {
  const sizes = [input, output].flatMap(([n, , h, w]) => [n!, h!, w!]);
  return [kind, ...sizes, ...kernel, stride, ...padding];
}

const countOf = ([n, , h, w]: readonly number[]): number => n! * h! * w!;

function isOnePixel({ kernel: [kh, kw], stride, padding }: ConvGeometry): boolean {
  return kh * kw === 1 && stride === 1 && padding.every((p) => p === 0);
}

/** Of every output pixel the input pixels under the kernel. */
function underKernel({ input, output, kernel, stride, padding }: ConvGeometry): Int32Array<ArrayBuffer> {
  return meeting(output, input, kernel, (out, tap, axis) => out * stride - padding[axis] + tap);
}

/** [n·h·w, kh·kw]: the rows of the pixels that `source` names, or the row after all where it names none. */
function meeting(
  [n, , h, w]: readonly number[],
  from: readonly number[],
  [kh, kw]: readonly [number, number],
  source: (pixel: number, tap: number, axis: 0 | 1) => number,
): Int32Array<ArrayBuffer> {
  const [, , fromHeight, fromWidth] = from as readonly [number, number, number, number];
  const isRow = (at: number, extent: number): boolean => at >= 0 && at < extent && Number.isInteger(at);
  const taps = kh * kw;
  return Int32Array.from({ length: n! * h! * w! * taps }, (_, k) => {
    const [pixel, tap] = [Math.floor(k / taps), k % taps];
    const [b, y, x] = [Math.floor(pixel / (h! * w!)), Math.floor(pixel / w!) % h!, pixel % w!];
    const [fy, fx] = [source(y, Math.floor(tap / kw), 0), source(x, tap % kw, 1)];
    return isRow(fy, fromHeight) && isRow(fx, fromWidth)
      ? (b * fromHeight + fy) * fromWidth + fx
      : countOf(from);
  });
}

function gatheredTaps(rows: Value, indices: Value): Value {
  const [pixels, taps] = indices.shape as readonly [number, number];
  return reshape(gather(rows, indices, 0), [pixels, taps * rows.shape[1]!]);
}

/**
 * Rows [r, c] and one of zeros after them, for indices that name no pixel. Padded: to join unequal tensors CUDA first sends over
 * the bus where each row belongs.
 */
export function withZeroRow(rows: Value): Value {
  return pad(rows, [0, 0], [1, 0]);
}
