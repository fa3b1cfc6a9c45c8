/** A linear transform to uncorrelated numbers, the most varying first. */
export interface PrincipalComponents {
  readonly mean: Float64Array;
  /** Orthonormal, one component each, as many as were asked for. */
  readonly components: readonly Float64Array[];
  /** Of each component over the rows. */
  readonly deviations: readonly number[];
}

/** The first `count` principal components of rows of equal length. */
export function principalComponents(rows: readonly ArrayLike<number>[], count: number): PrincipalComponents {
  const { mean, covariance } = momentsOf(rows);
  const { values, vectors } = symmetricEigen(covariance);
  const order = [...values.keys()].sort((a, b) => values[b]! - values[a]!).slice(0, count);
  return {
    mean,
    components: order.map((i) => vectors[i]!),
    deviations: order.map((i) => Math.sqrt(Math.max(0, values[i]!))),
  };
}

/** Mean and (biased) covariance of rows of equal length. */
export function momentsOf(rows: readonly ArrayLike<number>[]): {
  readonly mean: Float64Array;
  readonly covariance: readonly Float64Array[];
} {
  const size = rows[0]!.length;
  const mean = new Float64Array(size);
  for (const row of rows) for (let i = 0; i < size; i++) mean[i]! += row[i]! / rows.length;
  const covariance = Array.from({ length: size }, () => new Float64Array(size));
  const centred = new Float64Array(size);
  for (const row of rows) {
    for (let i = 0; i < size; i++) centred[i] = row[i]! - mean[i]!;
    for (let i = 0; i < size; i++) {
      const [target, factor] = [covariance[i]!, centred[i]! / rows.length];
      for (let j = i; j < size; j++) target[j]! += factor * centred[j]!;
    }
  }
  for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) covariance[i]![j] = covariance[j]![i]!;
  return { mean, covariance };
}

/** Eigenvalues and orthonormal eigenvectors of a symmetric matrix, by cyclic Jacobi rotations. */
export function symmetricEigen(matrix: readonly Float64Array[]): {
  readonly values: Float64Array;
  readonly vectors: readonly Float64Array[];
} {
  const size = matrix.length;
  const a = matrix.map((row) => row.slice());
  const vectors = a.map((_, i) => Float64Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)));
  const total = a.reduce((sum, row) => row.reduce((part, x) => part + x * x, sum), 0);
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) off += a[p]![q]! ** 2;
    if (off <= 1e-22 * total) break;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        const [rowP, rowQ] = [a[p]!, a[q]!];
        if (rowP[q] === 0) continue;
        const theta = (rowQ[q]! - rowP[p]!) / (2 * rowP[q]!);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        for (const row of a) [row[p], row[q]] = [c * row[p]! - s * row[q]!, s * row[p]! + c * row[q]!];
        rotate(rowP, rowQ, c, s);
        rotate(vectors[p]!, vectors[q]!, c, s);
      }
    }
  }
  return { values: Float64Array.from(a, (row, i) => row[i]!), vectors };
}

function rotate(x: Float64Array, y: Float64Array, c: number, s: number): void {
  for (let k = 0; k < x.length; k++) [x[k], y[k]] = [c * x[k]! - s * y[k]!, s * x[k]! + c * y[k]!];
}
