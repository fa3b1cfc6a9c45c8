import { createHash } from 'node:crypto';

import type { TagOptions } from '../../contract/captions.ts';

/** The parts of a caption between its commas; empty ones are none. */
export function tagsOf(caption: string): readonly string[] {
  return caption
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

/**
 * Ways a caption is trained on: tags after the first few in another order, some of them left out. Drawn from the seed
 * and the image's id alone, so that a run resumed, and the same run on another machine, meet the same variants. As with
 * sd-scripts' `shuffle_caption`, `keep_tokens` and `caption_tag_dropout_rate`, but drawn once for all, so that each is
 * encoded once.
 * @returns `variants` texts, alike ones included since they weigh; just the caption where nothing can vary
 */
export function tagVariants(
  caption: string,
  options: TagOptions,
  seed: number,
  id: string,
): readonly string[] {
  const tags = tagsOf(caption);
  const kept = tags.slice(0, options.keepFirst);
  const free = tags.slice(options.keepFirst);
  if (free.length === 0 || (options.dropout === 0 && (!options.shuffle || free.length === 1)))
    return [caption];
  return Array.from({ length: options.variants }, (_, variant) => {
    const draw = randomNumbers(`${seed}\n${variant}\n${id}`);
    const left = free.filter(() => draw() >= options.dropout);
    return [...kept, ...(options.shuffle ? shuffled(left, draw) : left)].join(', ');
  });
}

/** Fisher and Yates. */
function shuffled(tags: readonly string[], draw: () => number): readonly string[] {
  const result = [...tags];
  for (let at = result.length - 1; at > 0; at--) {
    const other = Math.floor(draw() * (at + 1));
    [result[at], result[other]] = [result[other]!, result[at]!];
  }
  return result;
}

/** Uniform in [0, 1): SHA-256 of a key and a counter, eight numbers a block. */
function randomNumbers(key: string): () => number {
  let block = Buffer.alloc(0);
  let at = 0;
  let counter = 0;
  return () => {
    if (at === block.length) {
      block = createHash('sha256').update(`${counter++}\n${key}`).digest();
      at = 0;
    }
    const number = block.readUInt32BE(at) / 2 ** 32;
    at += 4;
    return number;
  };
}
