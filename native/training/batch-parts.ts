import type { Runtime } from '../runtime/runtime.ts';
import type { BatchShape } from './batch-shape.ts';

/** How batches are cut into parts that run side by side, each on its share of the threads. */
export interface BatchParts {
  /** No batch has more parts. */
  readonly most: number;
  /** Equal parts for a batch of this shape; divides its rows. */
  readonly of: (shape: BatchShape) => number;
}

/** With fewer rows a part, what each does for itself (transforming kernels, packing weights) takes what is gained. */
const fewestRows = 4;
/** Parts take a thread each of the four that carry out asynchronous calls. */
const mostParts = 4;
/** Weights beyond which it was not tried: every part has gradients of its own for all that is trained. */
const mostWeights = 64_000_000;

/**
 * Cuts batches for the processor. A step is some thousand operations on small tensors, at each of which threads that share
 * it wait for one another: two threads took 0.86 to 0.92 of their time in two parts of 4 to 16 rows, and as long in
 * parts of 2.
 * @param weights numbers in the model
 */
export function batchParts(
  { runsSideBySide, threads }: Pick<Runtime, 'runsSideBySide' | 'threads'>,
  weights: number,
): BatchParts {
  const most = runsSideBySide && weights <= mostWeights ? Math.max(1, Math.min(threads, mostParts)) : 1;
  return {
    most,
    of: ({ rows }) => {
      let parts = Math.max(1, Math.min(most, Math.floor(rows / fewestRows)));
      while (rows % parts !== 0) parts--;
      return parts;
    },
  };
}
