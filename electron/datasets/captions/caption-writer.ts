import type { LibraryDatabase } from '../../library/database.ts';
import type { Change } from '../journal.ts';

export interface NewCaption {
  readonly imageId: number;
  /** Null: no caption. */
  readonly text: string | null;
  readonly byHand: boolean;
}

/**
 * Writes captions of one set, noting in the change how those that differ were before. To be called within a transaction.
 * @returns how many captions are others than before
 */
export type WriteCaptions = (change: Change, captionSetId: number, captions: Iterable<NewCaption>) => number;

/** Prepared once; all captions of a call go through a few statements, however many they are. */
export function createCaptionWriter(database: LibraryDatabase): WriteCaptions {
  database.exec(
    'CREATE TEMP TABLE IF NOT EXISTS incoming (image_id INTEGER PRIMARY KEY, text TEXT, by_hand INTEGER NOT NULL)',
  );
  const clear = database.prepare('DELETE FROM temp.incoming');
  const add = database.prepare('INSERT OR REPLACE INTO temp.incoming VALUES (?, ?, ?)');
  const keep = database.prepare<{ change: number; set: number }>(
    `INSERT OR IGNORE INTO journal_caption (journal_id, caption_set_id, image_id, text, by_hand)
     SELECT :change, :set, incoming.image_id, caption.text, ifnull(caption.by_hand, 0)
     FROM temp.incoming AS incoming
     LEFT JOIN caption ON caption.caption_set_id = :set AND caption.image_id = incoming.image_id
     WHERE caption.text IS NOT incoming.text
       OR (caption.text IS NOT NULL AND caption.by_hand <> incoming.by_hand)`,
  );
  const remove = database.prepare<[number]>(
    `DELETE FROM caption WHERE caption_set_id = ?
     AND image_id IN (SELECT image_id FROM temp.incoming WHERE text IS NULL)`,
  );
  const write = database.prepare<[number]>(
    `INSERT INTO caption (caption_set_id, image_id, text, by_hand)
     SELECT ?, image_id, text, by_hand FROM temp.incoming WHERE text IS NOT NULL
     ON CONFLICT DO UPDATE SET text = excluded.text, by_hand = excluded.by_hand`,
  );
  return (change, captionSetId, captions) => {
    clear.run();
    for (const { imageId, text, byHand } of captions) add.run(imageId, text, byHand ? 1 : 0);
    const { changes } = keep.run({ change: change.id, set: captionSetId });
    remove.run(captionSetId);
    write.run(captionSetId);
    clear.run();
    return changes;
  };
}
