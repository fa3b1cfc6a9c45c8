import type { LibraryDatabase } from '../../library/database.ts';

/**
 * The work of models on caption sets that were removed, as it stood then. It goes on when a set comes back by undo or
 * redo; once the studio has closed, the set comes back with the captions it had.
 */
export interface CaptioningAside {
  /** Within a transaction, before a set is removed. */
  readonly keep: (captionSetId: number) => void;
  /** Within a transaction: does what may remove sets of a data set, or bring them back. */
  readonly around: <T>(datasetId: number, step: () => T) => T;
}

interface Work {
  readonly row: Readonly<Record<string, unknown>>;
  readonly images: readonly { readonly image_id: number; readonly failure: string | null }[];
}

export function createCaptioningAside(database: LibraryDatabase): CaptioningAside {
  const aside = new Map<number, Work>();
  const work = database.prepare<[number], Work['row']>('SELECT * FROM captioning WHERE caption_set_id = ?');
  const images = database.prepare<[number], Work['images'][number]>(
    'SELECT image_id, failure FROM captioning_image WHERE caption_set_id = ?',
  );
  const sets = database.prepare<[number], number>('SELECT id FROM caption_set WHERE dataset_id = ?').pluck();
  const addWork = database.prepare(
    `INSERT INTO captioning
       (caption_set_id, journal_id, captioner_id, options, place, status, failure, total, created_at)
     VALUES
       (:caption_set_id, :journal_id, :captioner_id, :options, :place, :status, :failure, :total, :created_at)`,
  );
  // Images may have gone meanwhile.
  const addImage = database.prepare(
    'INSERT INTO captioning_image (caption_set_id, image_id, failure) SELECT ?, id, ? FROM image WHERE id = ?',
  );
  const keep = (captionSetId: number): void => {
    const row = work.get(captionSetId);
    if (row !== undefined) aside.set(captionSetId, { row, images: images.all(captionSetId) });
  };
  const takeUp = (captionSetId: number): void => {
    const found = aside.get(captionSetId);
    if (found === undefined || work.get(captionSetId) !== undefined) return;
    addWork.run(found.row);
    for (const { image_id, failure } of found.images) addImage.run(captionSetId, failure, image_id);
  };
  return {
    keep,
    around: (datasetId, step) => {
      const before = new Set(sets.all(datasetId));
      for (const id of before) keep(id);
      const result = step();
      for (const id of sets.all(datasetId)) {
        if (!before.has(id)) takeUp(id);
        aside.delete(id);
      }
      return result;
    },
  };
}
