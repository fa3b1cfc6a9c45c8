import type { Graph, Value } from '../graph/graph.ts';
import { add } from '../graph/ops/elementwise.ts';
import { toImage, toRows } from '../graph/ops/image-rows.ts';
import { gemm, matmul } from '../graph/ops/matmul.ts';
import { reduceSum } from '../graph/ops/reduce.ts';
import type { Provider } from '../runtime/runtime.ts';
import { concat, gather, reshape, transpose } from '../graph/ops/shape.ts';

type Matrix = readonly (readonly number[])[];

/** F(2, 3) of Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), section 4.1. */
const inputTransform: Matrix = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
];
const kernelTransform: Matrix = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
];
const outputTransform: Matrix = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
];

/**
 * Whether models are built with it for a provider. Measured on the CPU, where it takes 0.5 to 0.9 of the time of a
 * convolution's forward and backward pass; GPU providers bring such methods of their own.
 */
export function prefersWinograd(provider: Provider): boolean {
  return provider === 'cpu';
}

/**
 * A 3x3 convolution of stride 1 and padding 1 by Winograd's minimal filtering: x [n, c, h, w] with weight [o, c, 3, 3]
 * and bias [o] -> [n, o, h, w]. Every output tile of 2x2 pixels is made of 16 products instead of 36, and so are both
 * gradients; all tiles of the batch go through one batched matrix product. Its rounding error is about that of Conv.
 *
 * The two-dimensional transforms are products with the Kronecker squares of the small matrices; which pixel belongs to
 * which tile is a gathering of rows.
 */
export function winogradConv(x: Value, weight: Value, bias: Value): Value {
  return x.graph.block([x, weight, bias], () => {
    const { graph } = x;
    const [n, c, h, w] = x.shape as readonly [number, number, number, number];
    const o = weight.shape[0]!;
    const grid: TileGrid = { n, h, w, rows: Math.ceil(h / 2), columns: Math.ceil(w / 2) };
    const tiles = n * grid.rows * grid.columns;
    const transform = (matrix: Matrix, values: Value, width: number): Value => {
      const square = kronecker(matrix, matrix);
      return gemm(
        constantMatrix(graph, square),
        reshape(values, [square[0]!.length, tiles * width]),
        null,
        {},
      );
    };

    const inputTiles = reshape(
      transform(inputTransform, gather(withZeroRow(toRows(x)), inputIndices(graph, grid), 0), c),
      [16, tiles, c],
    );
    const taps = transpose(reshape(weight, [o * c, 9]), [1, 0]);
    const kernels = reshape(
      gemm(constantMatrix(graph, kronecker(kernelTransform, kernelTransform)), taps, null, {}),
      [16, o, c],
    );
    const products = matmul(inputTiles, transpose(kernels, [0, 2, 1]));
    const pixels = reshape(transform(outputTransform, products, o), [4 * tiles, o]);
    const output = add(gather(pixels, outputIndices(graph, grid), 0), bias);

    return {
      outputs: [toImage(output, x.shape)],
      // The transposes of the same linear maps, in reverse order.
      gradient: ([gradient]) => {
        const dy = toRows(gradient!);
        const dyTiles = gather(withZeroRow(dy), tileIndices(graph, grid), 0);
        const dProducts = reshape(transform(transposed(outputTransform), dyTiles, o), [16, tiles, o]);
        const dTiles = transform(transposed(inputTransform), matmul(dProducts, kernels), c);
        const shares = gather(withZeroRow(reshape(dTiles, [16 * tiles, c])), shareIndices(graph, grid), 0);
        // As a product, since summing over the first of few axes is many times slower.
        const ones = constantMatrix(graph, [[1, 1, 1, 1]]);
        const dKernels = reshape(matmul(transpose(dProducts, [0, 2, 1]), inputTiles), [16, o * c]);
        const kernelSquare = kronecker(transposed(kernelTransform), transposed(kernelTransform));
        const dTaps = gemm(constantMatrix(graph, kernelSquare), dKernels, null, {});
        return [
          toImage(
            reshape(gemm(ones, reshape(shares, [4, n * h * w * c]), null, {}), [n * h * w, c]),
            x.shape,
          ),
          reshape(transpose(dTaps, [1, 0]), weight.shape),
          reduceSum(dy, [0]),
        ];
      },
    };
  })[0]!;
}

interface TileGrid {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  /** Tiles of 2x2 pixels along each side, the last one hanging over an odd edge. */
  readonly rows: number;
  readonly columns: number;
}

/** An index that points at the row of zeros which `withZeroRow` appends. */
function pixelIndex({ n, h, w }: TileGrid, b: number, y: number, x: number): number {
  return y >= 0 && x >= 0 && y < h && x < w ? (b * h + y) * w + x : n * h * w;
}

/** [16, tiles]: the pixels of every tile's 4x4 window, which begins one pixel before the tile. */
function inputIndices(graph: Graph, grid: TileGrid): Value {
  return indices(graph, 'input', grid, 16, (tap, b, row, column) =>
    pixelIndex(grid, b, 2 * row + (tap >> 2) - 1, 2 * column + (tap & 3) - 1),
  );
}

/** [4, tiles]: the pixels of every tile. */
function tileIndices(graph: Graph, grid: TileGrid): Value {
  return indices(graph, 'tile', grid, 4, (part, b, row, column) =>
    pixelIndex(grid, b, 2 * row + (part >> 1), 2 * column + (part & 1)),
  );
}

/** [pixels]: where each pixel lies among [4, tiles]. */
function outputIndices(graph: Graph, grid: TileGrid): Value {
  const { n, h, w, rows, columns } = grid;
  return remembered(graph, `output ${n} ${h} ${w}`, () => {
    const found = Int32Array.from({ length: n * h * w }, (_, i) => {
      const [b, y, x] = [Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w];
      return ((y & 1) * 2 + (x & 1)) * n * rows * columns + (b * rows + (y >> 1)) * columns + (x >> 1);
    });
    return graph.constant('int32', [found.length], found);
  });
}

/** [4, pixels]: where, among [16, tiles], each of the up to four windows over a pixel has it. */
function shareIndices(graph: Graph, grid: TileGrid): Value {
  const { n, h, w, rows, columns } = grid;
  const tiles = n * rows * columns;
  return remembered(graph, `share ${n} ${h} ${w}`, () => {
    const found = Int32Array.from({ length: 4 * n * h * w }, (_, i) => {
      const [share, pixel] = [Math.floor(i / (n * h * w)), i % (n * h * w)];
      const [b, y, x] = [Math.floor(pixel / (h * w)), Math.floor(pixel / w) % h, pixel % w];
      const row = ((y + 1) >> 1) - (share >> 1);
      const column = ((x + 1) >> 1) - (share & 1);
      const tap = 4 * (y + 1 - 2 * row) + (x + 1 - 2 * column);
      const inside = row >= 0 && column >= 0 && row < rows && column < columns;
      return inside ? tap * tiles + (b * rows + row) * columns + column : 16 * tiles;
    });
    return graph.constant('int32', [4, n * h * w], found);
  });
}

function indices(
  graph: Graph,
  kind: string,
  { n, h, w, rows, columns }: TileGrid,
  parts: number,
  source: (part: number, b: number, row: number, column: number) => number,
): Value {
  return remembered(graph, `${kind} ${n} ${h} ${w}`, () => {
    const tiles = n * rows * columns;
    const found = Int32Array.from({ length: parts * tiles }, (_, i) => {
      const tile = i % tiles;
      const row = Math.floor(tile / columns) % rows;
      return source(Math.floor(i / tiles), Math.floor(tile / (rows * columns)), row, tile % columns);
    });
    return graph.constant('int32', [parts, tiles], found);
  });
}

const constants = new WeakMap<Graph, Map<string, Value>>();

/** Large constants are not compared by content, so each is made once for a graph by its name. */
function remembered(graph: Graph, key: string, make: () => Value): Value {
  const known = constants.get(graph) ?? new Map<string, Value>();
  constants.set(graph, known);
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

function constantMatrix(graph: Graph, matrix: Matrix): Value {
  const flat = matrix.flat();
  return remembered(graph, `matrix ${flat.join()}`, () =>
    graph.constant('float32', [matrix.length, matrix[0]!.length], flat),
  );
}

function withZeroRow(rows: Value): Value {
  return concat([rows, rows.graph.filled([1, rows.shape[1]!], 0)], 0);
}

function transposed(matrix: Matrix): Matrix {
  return matrix[0]!.map((_, column) => matrix.map((row) => row[column]!));
}

function kronecker(a: Matrix, b: Matrix): Matrix {
  return a.flatMap((rowA) => b.map((rowB) => rowA.flatMap((x) => rowB.map((y) => x * y))));
}
