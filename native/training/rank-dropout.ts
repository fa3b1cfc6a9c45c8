import type { TrainingSettings } from '../jobs.ts';
import type { Parameter } from '../models/parameter.ts';
import { uniforms } from '../random/philox.ts';
import { rankInput } from './adapter.ts';
import type { BatchData } from './shape-sessions.ts';

/** By how much ranks count in a batch of so many rows: what graphs whose adapters drop ranks take. */
export interface RankDropout {
  /** Drawn for each image, by the optimizer step and its place in that; rows beyond the images weigh nothing. */
  readonly training: (rows: number, step: number, indices: readonly number[]) => BatchData;
  /** All alike. */
  readonly whole: (rows: number) => BatchData;
}

/**
 * Leaves each rank out with a probability, in each module and for each image by itself, and has the others count for as much more
 * (kohya's rank dropout). What is left out follows from seed and step, so a resumed run leaves out the same.
 */
export function rankDropout(
  probability: number,
  parameters: readonly Parameter[],
  { seed }: Pick<TrainingSettings, 'seed'>,
): RankDropout | null {
  if (probability === 0) return null;
  const modules = parameters.flatMap(({ component, shape, adapter }) =>
    adapter?.part === 'down' ? [{ name: rankInput(component, adapter.module), rank: shape[0]! }] : [],
  );
  const ranks = modules.reduce((sum, { rank }) => sum + rank, 0);
  const filled = (rows: number, draw: (row: number) => Float32Array): BatchData => {
    const drawn = Array.from({ length: rows }, (_, row) => draw(row));
    let from = 0;
    return Object.fromEntries(
      modules.map(({ name, rank }) => {
        const weights = new Float32Array(rows * rank);
        drawn.forEach((all, row) => {
          weights.set(all.subarray(from, from + rank), row * rank);
        });
        from += rank;
        return [name, weights];
      }),
    );
  };
  const kept = 1 / (1 - probability);
  return {
    whole: (rows) => filled(rows, () => new Float32Array(ranks).fill(1)),
    training: (rows, step, indices) =>
      filled(rows, (row) => {
        const drawn = new Float32Array(ranks);
        uniforms(seed, 'lora-ranks', step, indices[row] ?? indices[0] ?? 0, drawn);
        return drawn.map((value) => (value < probability ? 0 : kept));
      }),
  };
}
