import type { ReadingWay } from '../facts/caption-reading.ts';
import type { Value } from '../graph/graph.ts';
import { reshape } from '../graph/ops/shape.ts';

/** As models were published: their last layer, and one chunk. */
export const usualWay: ReadingWay = { clipSkip: 1, chunks: 1 };

/** Chunks end to end become rows of their own: [n, chunks · tokens] -> [n · chunks, tokens]. */
export function asChunks(tokens: Value, { chunks }: ReadingWay): Value {
  const [n, all] = tokens.shape as readonly [number, number];
  return chunks === 1 ? tokens : reshape(tokens, [n * chunks, all / chunks]);
}

/** And back: [n · chunks, tokens, d] -> [n, chunks · tokens, d]. */
export function endToEnd(states: Value, { chunks }: ReadingWay): Value {
  const [rows, tokens, width] = states.shape as readonly [number, number, number];
  return chunks === 1 ? states : reshape(states, [rows / chunks, chunks * tokens, width]);
}
