import type { Value } from '../graph/graph.ts';
import { add, cast, mul, sub } from '../graph/ops/elementwise.ts';
import { matmul } from '../graph/ops/matmul.ts';
import { reduceSum, softmax } from '../graph/ops/reduce.ts';
import { concat, slice, split, transpose } from '../graph/ops/shape.ts';

/**
 * Numbers of scores (queries x keys) that are in memory at a time: 64 MiB of float32. Pieces of that size were faster than
 * whole matrices of 512 MiB, being nearer to the cache.
 */
export const mostScores = 1 << 24;

/**
 * Softmax attention without the whole matrix of scores: queries [m, sq, d] (scaled), keys and values [m, sk, d], of m batch rows
 * and heads -> [m, sq, d]. Several heads at a time where they fit in `most` scores, else some queries of one head. Forward and
 * backward go piece by piece, and the way back computes each piece's weights again (as Rabe & Staats 2021, Dao et al. 2022).
 */
export function attentionInPieces(queries: Value, keys: Value, values: Value, most = mostScores): Value {
  return queries.graph.block([queries, keys, values], () => {
    const heads = headGroups(queries, keys, most);
    const [q, k, v] = [queries, keys, values].map((x) => parts(x, heads, 0)) as [Value[], Value[], Value[]];
    const output = concat(
      heads.map((_, i) => {
        const rows = parts(q[i]!, queryRows(q[i]!, k[i]!, most), 1);
        return concat(
          rows.map((row) => matmul(weightsOf(row, k[i]!).inputType, v[i]!)),
          1,
        );
      }),
      0,
    );
    return {
      outputs: [output],
      gradient: ([dy]) => {
        // Each query's weights times their gradients, summed: the same as its output times that's gradient.
        const sums = reduceSum(cast(mul(dy!, output), 'float32'), [2], true);
        const [dys, sumsOf] = [parts(dy!, heads, 0), parts(sums, heads, 0)];
        const all = concat(
          heads.map((_, i) => gradientOf(q[i]!, k[i]!, v[i]!, dys[i]!, sumsOf[i]!, most)),
          0,
        );
        const [sq, sk] = [queries.shape[1]!, keys.shape[1]!];
        return split(all, [sq, sk, sk], 1);
      },
    };
  })[0]!;
}

/**
 * Gradients of queries, keys and values of some heads, one below the other: [m, sq + 2·sk, d]. As one tensor they are computed
 * together, piece after piece; apart, a runtime may compute those of the queries first and keep every piece's matrices for
 * the others.
 */
function gradientOf(q: Value, k: Value, v: Value, dy: Value, sums: Value, most: number): Value {
  const rows = queryRows(q, k, most);
  const [qs, dys, sumsOf] = [parts(q, rows, 1), parts(dy, rows, 1), parts(sums, rows, 1)];
  const [turnedK, turnedV] = [turned(k), turned(v)];
  const found = rows.map((count, p) => {
    const { exact, inputType } = weightsOf(qs[p]!, k, turnedK);
    const dWeights = cast(matmul(dys[p]!, turnedV), 'float32');
    const dScores = cast(mul(exact, sub(dWeights, sumsOf[p]!)), q.type);
    const pieces = [matmul(dScores, k), matmul(turned(dScores), qs[p]!), matmul(turned(inputType), dys[p]!)];
    const joined = concat(pieces, 1);
    return { count, joined };
  });
  if (found.length === 1) return found[0]!.joined;
  const ends = found.map(({ count, joined }) => {
    const total = joined.shape[1]!;
    return {
      queries: slice(joined, [{ axis: 1, begin: 0, end: count }]),
      others: slice(joined, [{ axis: 1, begin: count, end: total }]),
    };
  });
  return concat([...ends.map(({ queries }) => queries), ends.map(({ others }) => others).reduce(add)], 1);
}

/** Softmax of the scores, in float32 and in the queries' own type. */
function weightsOf(
  q: Value,
  k: Value,
  turnedK = turned(k),
): { readonly exact: Value; readonly inputType: Value } {
  const exact = softmax(cast(matmul(q, turnedK), 'float32'));
  return { exact, inputType: cast(exact, q.type) };
}

function turned(x: Value): Value {
  return transpose(x, [0, 2, 1]);
}

/** How many heads go together, one after the other. */
function headGroups(queries: Value, keys: Value, most: number): number[] {
  const [m, sq] = queries.shape as readonly [number, number, number];
  return shares(m, Math.floor(most / (sq * keys.shape[1]!)));
}

/** How many queries of a group go together. */
function queryRows(queries: Value, keys: Value, most: number): number[] {
  const [m, sq] = queries.shape as readonly [number, number, number];
  return shares(sq, Math.floor(most / (m * keys.shape[1]!)));
}

/** As few shares as may be of at most so many, and as equal: modules and pieces of one size are one kernel's. */
function shares(count: number, most: number): number[] {
  const number = Math.ceil(count / Math.max(1, most));
  return Array.from(
    { length: number },
    (_, i) => Math.floor(((i + 1) * count) / number) - Math.floor((i * count) / number),
  );
}

function parts(x: Value, lengths: readonly number[], axis: number): Value[] {
  return lengths.length === 1 ? [x] : split(x, lengths, axis);
}
