import type { LibraryDatabase } from '../library/database.ts';

/** Changes kept per data set; older ones cannot be undone any more. */
const keptChanges = 200;
/** Rows kept per data set in all changes but the newest. */
const keptRows = 2_000_000;

/**
 * The way back along a data set's changes of captions, exclusions and split. A change notes what the other side of it
 * looks like, never what is there now; undoing and redoing exchange the two. So both are one operation, and nothing is
 * stored twice. All of it belongs within the transaction of the change itself.
 */
export interface Journal {
  /** Begins a change; nothing undone can be redone after it. */
  readonly begin: (datasetId: number, label: string) => Change;
  /** Undoes the newest change, or redoes the one undone last, and gives its label. */
  readonly undo: (datasetId: number) => string | null;
  readonly redo: (datasetId: number) => string | null;
  readonly next: (datasetId: number) => { readonly undo: string | null; readonly redo: string | null };
}

export interface Change {
  readonly id: number;
  /** Notes how a caption set is now; call before it is changed or removed. */
  readonly keepSet: (captionSetId: number) => void;
  /** Notes that a caption set was not there before. */
  readonly addedSet: (captionSetId: number) => void;
  /** Notes exclusion and split of these images as they are now. */
  readonly keepImages: (imageIds: readonly number[]) => void;
  /** Notes all captions of a set as they are now. */
  readonly keepCaptions: (captionSetId: number) => void;
  /** Notes the captions of these images of a set as they are now, those that have none among them. */
  readonly keepCaptionsOf: (captionSetId: number, imageIds: readonly number[]) => void;
  /** Call last: forgets a change that noted nothing, and what has become too old. */
  readonly end: () => void;
}

export function createJournal(database: LibraryDatabase, now: () => number): Journal {
  const begin = database.prepare<[number, string, number], { id: number }>(
    'INSERT INTO journal (dataset_id, label, created_at) VALUES (?, ?, ?) RETURNING id',
  );
  const dropUndone = database.prepare('DELETE FROM journal WHERE dataset_id = ? AND undone = 1');
  const keepSet = database.prepare(
    `INSERT OR IGNORE INTO journal_set (journal_id, caption_set_id, name, source, tags, created_at)
     SELECT ?, id, name, source, tags, created_at FROM caption_set WHERE id = ?`,
  );
  const addedSet = database.prepare('INSERT INTO journal_set (journal_id, caption_set_id) VALUES (?, ?)');
  const keepImage = database.prepare(
    `INSERT OR IGNORE INTO journal_image (journal_id, image_id, excluded, held_out)
     SELECT ?, id, excluded, held_out FROM image WHERE id = ?`,
  );
  const keepCaptions = database.prepare(
    `INSERT OR IGNORE INTO journal_caption (journal_id, caption_set_id, image_id, text, by_hand)
     SELECT ?, caption_set_id, image_id, text, by_hand FROM caption WHERE caption_set_id = ?`,
  );
  const keepCaption = database.prepare(
    `INSERT OR IGNORE INTO journal_caption (journal_id, caption_set_id, image_id, text, by_hand)
     SELECT ?, ?, image.id, text, ifnull(by_hand, 0) FROM image
     LEFT JOIN caption ON caption_set_id = ? AND image_id = image.id WHERE image.id = ?`,
  );
  const sizeOf = database
    .prepare<[number, number, number], number>(
      `SELECT (SELECT count(*) FROM journal_caption WHERE journal_id = ?)
         + (SELECT count(*) FROM journal_image WHERE journal_id = ?)
         + (SELECT count(*) FROM journal_set WHERE journal_id = ?)`,
    )
    .pluck();
  const setSize = database.prepare('UPDATE journal SET size = ? WHERE id = ?');
  const drop = database.prepare('DELETE FROM journal WHERE id = ?');
  const newestFirst = database.prepare<[number], { id: number; size: number }>(
    'SELECT id, size FROM journal WHERE dataset_id = ? ORDER BY id DESC',
  );
  const newestDone = database.prepare<[number], { id: number; label: string }>(
    'SELECT id, label FROM journal WHERE dataset_id = ? AND undone = 0 ORDER BY id DESC LIMIT 1',
  );
  const oldestUndone = database.prepare<[number], { id: number; label: string }>(
    'SELECT id, label FROM journal WHERE dataset_id = ? AND undone = 1 ORDER BY id LIMIT 1',
  );
  const setUndone = database.prepare('UPDATE journal SET undone = ? WHERE id = ?');
  const exchange = createExchange(database);

  const trim = (datasetId: number): void => {
    let rows = 0;
    newestFirst.all(datasetId).forEach(({ id, size }, index) => {
      rows += size;
      if (index >= keptChanges || (index > 0 && rows > keptRows)) drop.run(id);
    });
  };
  const step = (found: { id: number; label: string } | undefined, undone: 0 | 1): string | null => {
    if (found === undefined) return null;
    exchange(found.id);
    setUndone.run(undone, found.id);
    return found.label;
  };

  return {
    begin: (datasetId, label) => {
      dropUndone.run(datasetId);
      const { id } = begin.get(datasetId, label, now())!;
      return {
        id,
        keepSet: (captionSetId) => keepSet.run(id, captionSetId),
        addedSet: (captionSetId) => addedSet.run(id, captionSetId),
        keepImages: (imageIds) => {
          for (const imageId of imageIds) keepImage.run(id, imageId);
        },
        keepCaptions: (captionSetId) => keepCaptions.run(id, captionSetId),
        keepCaptionsOf: (captionSetId, imageIds) => {
          for (const imageId of imageIds) keepCaption.run(id, captionSetId, captionSetId, imageId);
        },
        end: () => {
          const size = sizeOf.get(id, id, id)!;
          if (size === 0) drop.run(id);
          else setSize.run(size, id);
          trim(datasetId);
        },
      };
    },
    undo: (datasetId) => step(newestDone.get(datasetId), 1),
    redo: (datasetId) => step(oldestUndone.get(datasetId), 0),
    next: (datasetId) => ({
      undo: newestDone.get(datasetId)?.label ?? null,
      redo: oldestUndone.get(datasetId)?.label ?? null,
    }),
  };
}

interface SetState {
  readonly caption_set_id: number;
  readonly name: string | null;
  readonly source: string | null;
  readonly tags: string | null;
  readonly created_at: number | null;
}

/** Exchanges what a change noted with what is there now. */
function createExchange(database: LibraryDatabase): (journalId: number) => void {
  const sets = database.prepare<[number], SetState>('SELECT * FROM journal_set WHERE journal_id = ?');
  const setNow = database.prepare<[number], SetState>(
    'SELECT id AS caption_set_id, name, source, tags, created_at FROM caption_set WHERE id = ?',
  );
  const noteSet = database.prepare(
    `UPDATE journal_set SET name = :name, source = :source, tags = :tags, created_at = :created_at
     WHERE journal_id = :journal AND caption_set_id = :caption_set_id`,
  );
  const changeSet = database.prepare(
    'UPDATE caption_set SET name = :name, source = :source, tags = :tags WHERE id = :caption_set_id',
  );
  const insertSet = database.prepare(
    `INSERT INTO caption_set (id, dataset_id, name, source, tags, created_at)
     SELECT :caption_set_id, dataset_id, :name, :source, :tags, :created_at FROM journal WHERE id = :journal`,
  );
  const deleteSet = database.prepare('DELETE FROM caption_set WHERE id = ?');
  const noteCaptions = database.prepare(
    `INSERT INTO journal_caption (journal_id, caption_set_id, image_id, text, by_hand)
     SELECT ?, caption_set_id, image_id, text, by_hand FROM caption WHERE caption_set_id = ?`,
  );
  const takeCaptions = database.prepare(
    `INSERT INTO caption (caption_set_id, image_id, text, by_hand)
     SELECT caption_set_id, image_id, text, by_hand FROM journal_caption
     WHERE journal_id = ? AND caption_set_id = ? AND text IS NOT NULL`,
  );
  const forgetCaptions = database.prepare(
    'DELETE FROM journal_caption WHERE journal_id = ? AND caption_set_id = ?',
  );
  const captions = [
    'DELETE FROM temp.caption_now',
    `INSERT INTO temp.caption_now
     SELECT noted.caption_set_id, noted.image_id, caption.text, ifnull(caption.by_hand, 0)
     FROM journal_caption AS noted LEFT JOIN caption USING (caption_set_id, image_id)
     WHERE noted.journal_id = :journal`,
    `DELETE FROM caption WHERE (caption_set_id, image_id) IN
       (SELECT caption_set_id, image_id FROM journal_caption WHERE journal_id = :journal AND text IS NULL)`,
    `INSERT INTO caption (caption_set_id, image_id, text, by_hand)
     SELECT caption_set_id, image_id, text, by_hand FROM journal_caption
     WHERE journal_id = :journal AND text IS NOT NULL
     ON CONFLICT DO UPDATE SET text = excluded.text, by_hand = excluded.by_hand`,
    `UPDATE journal_caption SET text = now.text, by_hand = now.by_hand FROM temp.caption_now AS now
     WHERE journal_id = :journal AND journal_caption.caption_set_id = now.caption_set_id
       AND journal_caption.image_id = now.image_id`,
    'DELETE FROM temp.caption_now',
  ];
  const images = [
    'DELETE FROM temp.image_now',
    `INSERT INTO temp.image_now SELECT id, image.excluded, image.held_out
     FROM journal_image JOIN image ON image.id = image_id WHERE journal_id = :journal`,
    `UPDATE image SET excluded = noted.excluded, held_out = noted.held_out FROM journal_image AS noted
     WHERE noted.journal_id = :journal AND noted.image_id = image.id`,
    `UPDATE journal_image SET excluded = now.excluded, held_out = now.held_out FROM temp.image_now AS now
     WHERE journal_id = :journal AND journal_image.image_id = now.image_id`,
    'DELETE FROM temp.image_now',
  ];
  database.exec(`
    CREATE TEMP TABLE IF NOT EXISTS caption_now
      (caption_set_id INTEGER, image_id INTEGER, text TEXT, by_hand INTEGER, PRIMARY KEY (caption_set_id, image_id))
      WITHOUT ROWID;
    CREATE TEMP TABLE IF NOT EXISTS image_now (image_id INTEGER PRIMARY KEY, excluded INTEGER, held_out INTEGER);
  `);
  const statements = [...captions, ...images].map((sql) => database.prepare(sql));

  return (journal) => {
    const comings = [];
    for (const noted of sets.all(journal)) {
      const id = noted.caption_set_id;
      const current = setNow.get(id);
      if (current === undefined) {
        insertSet.run({ ...noted, journal });
        comings.push(id);
      } else if (noted.name === null) {
        noteCaptions.run(journal, id);
        deleteSet.run(id);
      } else {
        changeSet.run({ name: noted.name, source: noted.source, tags: noted.tags, caption_set_id: id });
      }
      const absent = { caption_set_id: id, name: null, source: null, tags: null, created_at: null };
      noteSet.run({ ...(current ?? absent), journal });
      if (current !== undefined && noted.name === null) return;
    }
    for (const id of comings) {
      takeCaptions.run(journal, id);
      forgetCaptions.run(journal, id);
    }
    for (const statement of statements) {
      if (statement.source.includes(':journal')) statement.run({ journal });
      else statement.run();
    }
  };
}
