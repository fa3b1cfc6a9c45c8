import { z } from 'zod';

import { countOf } from './quantities.ts';

/** How many of the images a run is trained on: all, a fraction below 1, or a number of them. */
export const shareSchema = z.union(
  [z.literal('all'), z.int().min(1).max(1e9), z.number().gt(0).lt(1)],
  'must be "all", a fraction below 1, or a number of images',
);
export type DataShare = z.output<typeof shareSchema>;

const parts: Readonly<Record<number, string>> = { 0.5: 'half', 0.25: 'a quarter' };

/** `all images`, `half of the images`, `12 images` */
export function shareText(share: DataShare): string {
  if (share === 'all') return 'all images';
  if (share >= 1) return countOf(share, 'image');
  return `${parts[share] ?? `${Number((share * 100).toPrecision(3))} %`} of the images`;
}

/** How many of `images` that are. */
export function shareCount(share: DataShare, images: number): number {
  if (share === 'all') return images;
  return Math.min(images, share < 1 ? Math.max(1, Math.round(share * images)) : share);
}
