import type { Graph, Value } from '../graph.ts';
import type { Padding } from './conv.ts';
import { concat, gather, reshape, transpose } from './shape.ts';

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
  const { input, output, stride, padding } = geometry;
  return gatherTaps(
    'patches',
    rows,
    geometry,
    output,
    input,
    (out, tap, axis) => out * stride - padding[axis] + tap,
  );
}

/**
 * For every input pixel the output pixels it reaches through each tap of the kernel: rows [n·h'·w', o] ->
 * [n·h·w, kh·kw·o], with zeros where a tap reaches none.
 */
export function reached(rows: Value, geometry: ConvGeometry): Value {
  const { input, output, stride, padding } = geometry;
  return gatherTaps(
    'reached',
    rows,
    geometry,
    input,
    output,
    (pixel, tap, axis) => (pixel + padding[axis] - tap) / stride,
  );
}

function gatherTaps(
  kind: string,
  rows: Value,
  { kernel, stride, padding }: ConvGeometry,
  at: readonly number[],
  from: readonly number[],
  source: (pixel: number, tap: number, axis: 0 | 1) => number,
): Value {
  const width = rows.shape[1]!;
  const [n, , h, w] = at as readonly [number, number, number, number];
  const [, , fromHeight, fromWidth] = from as readonly [number, number, number, number];
  const [kh, kw] = kernel;
  if (kh * kw === 1 && stride === 1 && padding.every((p) => p === 0)) return rows;
  const indices = rememberedIndices(
    rows.graph,
    [kind, n, h, w, fromHeight, fromWidth, kh, kw, stride, ...padding].join(),
    () => {
      const found = new Int32Array(n * h * w * kh * kw);
      const zeros = n * fromHeight * fromWidth;
      let k = 0;
      for (let b = 0; b < n; b++) {
        for (let y = 0; y < h; y++) {
          for (let x = 0; x < w; x++) {
            for (let i = 0; i < kh; i++) {
              for (let j = 0; j < kw; j++) {
                const [fy, fx] = [source(y, i, 0), source(x, j, 1)];
                const inside =
                  fy >= 0 &&
                  fy < fromHeight &&
                  fx >= 0 &&
                  fx < fromWidth &&
                  Number.isInteger(fy) &&
                  Number.isInteger(fx);
                found[k++] = inside ? (b * fromHeight + fy) * fromWidth + fx : zeros;
              }
            }
          }
        }
      }
      return rows.graph.constant('int32', [n * h * w, kh * kw], found);
    },
  );
  const withZeros = concat([rows, rows.graph.filled([1, width], 0)], 0);
  return reshape(gather(withZeros, indices, 0), [n * h * w, kh * kw * width]);
}

const remembered = new WeakMap<Graph, Map<string, Value>>();

function rememberedIndices(graph: Graph, key: string, make: () => Value): Value {
  const known = remembered.get(graph) ?? new Map<string, Value>();
  remembered.set(graph, known);
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}
