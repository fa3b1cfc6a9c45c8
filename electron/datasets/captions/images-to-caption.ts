import type { LibraryDatabase } from '../../library/database.ts';

interface Wanted {
  readonly datasetId: number;
  readonly captionSetId: number;
  /** Left out: every image that is used. */
  readonly imageIds: readonly number[] | undefined;
  /** Captions changed by hand, too. */
  readonly overwrite: boolean;
}

/** The images of a set that a model is to caption, by name. Ids of other data sets are left out. */
export function imagesToCaption(
  database: LibraryDatabase,
  { datasetId, captionSetId, imageIds, overwrite }: Wanted,
): readonly number[] {
  const all = database
    .prepare<[number, number, number], number>(
      `SELECT id FROM image WHERE dataset_id = ? AND active = 1 AND (? OR NOT EXISTS (
         SELECT 1 FROM caption WHERE caption_set_id = ? AND image_id = image.id AND by_hand = 1))
       ORDER BY file`,
    )
    .pluck()
    .all(datasetId, overwrite ? 1 : 0, captionSetId);
  if (imageIds === undefined) return all;
  const wanted = new Set(imageIds);
  return all.filter((imageId) => wanted.has(imageId));
}
