import { type DataArray, elementCount } from '../../native/graph/data-type.ts';
import { normals } from '../../native/random/philox.ts';
import type { TrainingArtifacts } from '../../native/training/artifacts.ts';

/** Numbers for all that a batch is made of. */
export function batchOf({ batch }: Pick<TrainingArtifacts, 'batch'>): Readonly<Record<string, DataArray>> {
  return Object.fromEntries(
    batch.map(({ name, type, shape: dimensions }, i): [string, DataArray] => {
      const count = elementCount(dimensions);
      if (type === 'int64')
        return [name, BigInt64Array.from({ length: count }, (_, j) => BigInt((j * 7) % 90))];
      if (dimensions.length === 1)
        return [name, new Float32Array(count).fill(name === 'timesteps' ? 420 : 0.5)];
      return [name, normals(1, 'noise', 0, i, new Float32Array(count))];
    }),
  );
}
