import type { DuplicateGroup, ImageRow } from '../../../../electron/contract/datasets.ts';

/**
 * The image of a group to keep: the one with most pixels, then the largest file, then the first. Of a group that
 * crosses the split one that is trained on, so that no held-out image is what was trained on.
 */
export function bestOf({ images }: Pick<DuplicateGroup, 'images'>): ImageRow {
  const worth = (image: ImageRow) => [
    image.heldOut ? 0 : 1,
    image.width * image.height,
    image.bytes,
    -image.id,
  ];
  const [best] = images.toSorted((a, b) => {
    const [x, y] = [worth(a), worth(b)];
    const at = x.findIndex((value, index) => value !== y[index]);
    return at === -1 ? 0 : y[at]! - x[at]!;
  });
  if (best === undefined) throw new Error('a group has no images');
  return best;
}

/** Ids of the others. */
export function keptOut({ images }: Pick<DuplicateGroup, 'images'>, kept: ImageRow): readonly number[] {
  return images.filter(({ id }) => id !== kept.id).map(({ id }) => id);
}
