import { createHash } from 'node:crypto';

import { type DataShare, shareCount } from '../../contract/data-share.ts';

/**
 * As many of the images as a share says, drawn by the seed, in the order they came. A smaller share of the same seed is part of
 * a larger one, so that runs over several sizes differ by what is added alone.
 */
export function drawShare<I extends { readonly id: string }>(
  images: readonly I[],
  share: DataShare,
  seed: number,
): readonly I[] {
  const count = shareCount(share, images.length);
  if (count === images.length) return images;
  const place = (id: string) => createHash('sha256').update(`share\n${seed}\n${id}`).digest('hex');
  const drawn = images
    .map(({ id }) => ({ id, place: place(id) }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
    .slice(0, count);
  const ids = new Set(drawn.map(({ id }) => id));
  return images.filter(({ id }) => ids.has(id));
}
