import type { ReadingWay } from '../facts/caption-reading.ts';
import { Failure } from '../failure.ts';
import type { Value } from '../graph/graph.ts';
import { reshape } from '../graph/ops/shape.ts';

/** As models were published: their last layer, and one chunk. */
export const usualWay: ReadingWay = { clipSkip: 1, chunks: 1 };

/**
 * @param layers of the encoder that has the fewest
 * @throws Failure `clip-skip-invalid`
 */
export function checkClipSkip({ clipSkip }: Pick<ReadingWay, 'clipSkip'>, layers: number): void {
  if (clipSkip <= layers) return;
  throw new Failure(
    'clip-skip-invalid',
    `This model's text encoder cannot be read at a clip skip of ${clipSkip}.`,
    layers <= 1 ? 'Leave it at 1.' : `Choose 1 to ${layers}.`,
  );
}

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
