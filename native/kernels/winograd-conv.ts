import { elementCount } from '../graph/data-type.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { add } from '../graph/ops/elementwise.ts';
import { toImage, toRows, withZeroRow } from '../graph/ops/image-rows.ts';
import { gemm, matmul } from '../graph/ops/matmul.ts';
import { sumRows } from '../graph/ops/reduce.ts';
import { gather, reshape, transpose } from '../graph/ops/shape.ts';
import { rememberedIndices } from '../graph/remembered.ts';

type Matrix = readonly (readonly number[])[];

/**
 * F(m, 3) of Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), sections 4.1 and 4.3: output tiles
 * of m x m pixels from windows of (m + 2) x (m + 2).
 */
interface Filtering {
  readonly tile: number;
  readonly input: Matrix;
  readonly kernel: Matrix;
  readonly output: Matrix;
}

/** 16 products for what takes 36. */
const smallTiles: Filtering = {
  tile: 2,
  input: [
    [1, 0, -1, 0],
    [0, 1, 1, 0],
    [0, -1, 1, 0],
    [0, 1, 0, -1],
  ],
  kernel: [
    [1, 0, 0],
    [0.5, 0.5, 0.5],
    [0.5, -0.5, 0.5],
    [0, 0, 1],
  ],
  output: [
    [1, 1, 1, 0],
    [0, 1, -1, -1],
  ],
};

/** 36 products for what takes 144, of kernels four times their size. */
const largeTiles: Filtering = {
  tile: 4,
  input: [
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
  ],
  kernel: [
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
  ],
  output: [
    [1, 1, 1, 1, 1, 0],
    [0, 1, -1, 2, -2, 0],
    [0, 1, 1, 4, 4, 0],
    [0, 1, -1, 8, -8, 1],
  ],
};

/** Fewer large tiles than this in a batch, and small ones are as fast. */
const largeTilesWorthwhile = 24;
/**
 * Transformed kernels may be at most this many times as large as the pictures they meet. Beyond, at many channels and
 * few pixels, transforming and keeping them costs more than is saved: gigabytes in a full-size UNet.
 */
const largestKernels = 32;

/** The edge of output tiles that suits an input [n, c, h, w] and `o` output channels; `null` where no tiles do. */
export function winogradTile([n, c, h, w]: readonly number[], o: number): 2 | 4 | null {
  const room = (largestKernels * n! * h! * w! * (c! + o)) / 2;
  const fourByFour = n! * Math.ceil(h! / 4) * Math.ceil(w! / 4);
  if (fourByFour >= largeTilesWorthwhile && 36 * c! * o <= room) return 4;
  return 16 * c! * o <= room ? 2 : null;
}

/**
 * A 3x3 convolution of stride 1 and padding 1 by Winograd's minimal filtering: x [n, c, h, w] with weight [9, o, c]
 * and bias [o] -> [n, o, h, w]. All tiles of the batch go through one batched matrix product, of 4/9 (tiles of 2x2) or
 * 1/4 (of 4x4) of a plain convolution's work, forward as well as for both gradients. Against Conv, relative to the
 * result's norm, its rounding differs by about 4e-7 and 2e-6.
 *
 * The two-dimensional transforms are products with the Kronecker squares of the small matrices; which pixel belongs to
 * which tile is a gathering of rows.
 */
export function winogradConv(x: Value, weight: Value, bias: Value, tile: 2 | 4): Value {
  return x.graph.block([x, weight, bias], () => {
    const { graph } = x;
    const [n, c, h, w] = x.shape as readonly [number, number, number, number];
    const o = weight.shape[1]!;
    const filtering = tile === 4 ? largeTiles : smallTiles;
    const grid: TileGrid = { n, h, w, tile, rows: Math.ceil(h / tile), columns: Math.ceil(w / tile) };
    const tiles = n * grid.rows * grid.columns;
    const taps = (tile + 2) ** 2;
    const transform = (matrix: Matrix, values: Value): Value => {
      const square = kronecker(matrix, matrix);
      const columns = elementCount(values.shape) / square[0]!.length;
      return gemm(constantMatrix(x, square), reshape(values, [square[0]!.length, columns]), null, {});
    };

    const windows = gather(withZeroRow(toRows(x)), windowIndices(graph, grid), 0);
    const inputTiles = reshape(transform(filtering.input, windows), [taps, tiles, c]);
    const kernels = reshape(transform(filtering.kernel, weight), [taps, o, c]);
    const products = matmul(inputTiles, transpose(kernels, [0, 2, 1]));
    const pixels = reshape(transform(filtering.output, products), [tile * tile * tiles, o]);
    const output = add(gather(pixels, outputIndices(graph, grid), 0), bias);

    return {
      outputs: [toImage(output, x.shape)],
      // The transposes of the same linear maps, in reverse order.
      gradient: ([gradient], sums) => {
        const dy = toRows(gradient!);
        const whole = h % tile === 0 && w % tile === 0;
        const dyTiles = gather(whole ? dy : withZeroRow(dy), tileIndices(graph, grid), 0);
        const dProducts = reshape(transform(transposed(filtering.output), dyTiles), [taps, tiles, o]);
        const dWindows = transform(transposed(filtering.input), matmul(dProducts, kernels));
        const shares = gather(
          withZeroRow(reshape(dWindows, [taps * tiles, c])),
          shareIndices(graph, grid),
          0,
        );
        // As a product, since summing over the first of few axes is many times slower.
        const ones = constantMatrix(x, [[1, 1, 1, 1]]);
        const dx = gemm(ones, reshape(shares, [4, n * h * w * c]), null, {});
        const dKernels = matmul(transpose(dProducts, [0, 2, 1]), inputTiles);
        const dWeight = transform(transposed(filtering.kernel), dKernels);
        return [
          toImage(reshape(dx, [n * h * w, c]), x.shape),
          reshape(dWeight, weight.shape),
          sumRows(dy, sums),
        ];
      },
    };
  })[0]!;
}

interface TileGrid {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  /** Edge of a tile in pixels, and tiles along each side; the last hang over an edge they do not divide. */
  readonly tile: number;
  readonly rows: number;
  readonly columns: number;
}

/** A pixel's row; outside of the image the row of zeros which `withZeroRow` appends. */
function pixelRow({ n, h, w }: TileGrid, b: number, y: number, x: number): number {
  return y >= 0 && x >= 0 && y < h && x < w ? (b * h + y) * w + x : n * h * w;
}

/** [taps, tiles]: the pixels of every tile's window, which begins one pixel before the tile. */
function windowIndices(graph: Graph, grid: TileGrid): Value {
  const edge = grid.tile + 2;
  return byTile(graph, 'window', grid, edge ** 2, (tap, b, y, x) =>
    pixelRow(grid, b, y + Math.floor(tap / edge) - 1, x + (tap % edge) - 1),
  );
}

/** [tile², tiles]: the pixels of every tile. */
function tileIndices(graph: Graph, grid: TileGrid): Value {
  const { tile } = grid;
  return byTile(graph, 'tile', grid, tile ** 2, (part, b, y, x) =>
    pixelRow(grid, b, y + Math.floor(part / tile), x + (part % tile)),
  );
}

function byTile(
  graph: Graph,
  kind: string,
  grid: TileGrid,
  parts: number,
  source: (part: number, b: number, y: number, x: number) => number,
): Value {
  const { n, tile, rows, columns } = grid;
  const tiles = n * rows * columns;
  return remembered(graph, kind, grid, [parts, tiles], (i) => {
    const [part, index] = [Math.floor(i / tiles), i % tiles];
    const row = Math.floor(index / columns) % rows;
    return source(part, Math.floor(index / (rows * columns)), tile * row, tile * (index % columns));
  });
}

/** [pixels]: where each pixel lies among [tile², tiles]. */
function outputIndices(graph: Graph, grid: TileGrid): Value {
  const { n, h, w, tile, rows, columns } = grid;
  return remembered(graph, 'output', grid, [n * h * w], (i) => {
    const [b, y, x] = [Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w];
    const part = (y % tile) * tile + (x % tile);
    return (part * n + b) * rows * columns + Math.floor(y / tile) * columns + Math.floor(x / tile);
  });
}

/** [4, pixels]: where, among [taps, tiles], each of the up to four windows over a pixel has it. */
function shareIndices(graph: Graph, grid: TileGrid): Value {
  const { n, h, w, tile, rows, columns } = grid;
  const edge = tile + 2;
  const tiles = n * rows * columns;
  return remembered(graph, 'share', grid, [4, n * h * w], (k) => {
    const [share, i] = [Math.floor(k / (n * h * w)), k % (n * h * w)];
    const [b, y, x] = [Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w];
    const row = Math.floor((y + 1) / tile) - (share >> 1);
    const column = Math.floor((x + 1) / tile) - (share & 1);
    const [dy, dx] = [y + 1 - tile * row, x + 1 - tile * column];
    const inside = row >= 0 && column >= 0 && row < rows && column < columns && dy < edge && dx < edge;
    return inside ? (dy * edge + dx) * tiles + (b * rows + row) * columns + column : edge ** 2 * tiles;
  });
}

function remembered(
  graph: Graph,
  kind: string,
  { n, h, w, tile }: TileGrid,
  shape: readonly number[],
  index: (i: number) => number,
): Value {
  return rememberedIndices(graph, [kind, n, h, w, tile], shape, () =>
    Int32Array.from({ length: elementCount(shape) }, (_, i) => index(i)),
  );
}

/** Of the type that `like` has. */
function constantMatrix({ graph, type }: Value, matrix: Matrix): Value {
  return graph.constant(type, [matrix.length, matrix[0]!.length], matrix.flat());
}

function transposed(matrix: Matrix): Matrix {
  return matrix[0]!.map((_, column) => matrix.map((row) => row[column]!));
}

function kronecker(a: Matrix, b: Matrix): Matrix {
  return a.flatMap((rowA) => b.map((rowB) => rowA.flatMap((x) => rowB.map((y) => x * y))));
}
