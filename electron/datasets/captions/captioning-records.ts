import { join } from 'node:path';

import {
  type Captioning,
  type CaptioningOptionsData,
  captioningOptionsSchema,
} from '../../contract/captioners.ts';
import { type FailureData, failureSchema } from '../../contract/values.ts';
import { libraryPathsOf } from '../../library/library-paths.ts';
import type { DatasetDomain } from '../domain.ts';
import type { Change } from '../journal.ts';
import { type CaptioningAside, createCaptioningAside } from './captioning-aside.ts';

/** What a model is to caption. */
export interface NewCaptioning {
  readonly captionSetId: number;
  readonly captionerId: number;
  readonly options: CaptioningOptionsData;
  readonly place: 'beside' | 'afterwards';
}

export interface CaptioningRecord extends NewCaptioning {
  readonly datasetId: number;
  readonly name: string;
  readonly status: Exclude<Captioning['status'], 'running'>;
  readonly failure: FailureData | null;
  readonly total: number;
  readonly pending: number;
  readonly failed: number;
}

/** What became of an image; a failure leaves it without a caption. */
export type CaptionedImage = { readonly imageId: number } & (
  { readonly text: string } | { readonly failure: FailureData }
);

export interface CaptioningRecords {
  /** Within a transaction: these images of the set are to be captioned, in place of what was to be before. */
  readonly begin: (change: Change, work: NewCaptioning, imageIds: readonly number[]) => void;
  readonly of: (datasetId: number) => readonly CaptioningRecord[];
  readonly find: (captionSetId: number) => CaptioningRecord | null;
  /** The one that waits longest. */
  readonly next: () => CaptioningRecord | null;
  readonly pending: (captionSetId: number, limit: number) => readonly { imageId: number; path: string }[];
  /** Each image once, and only while it is to be captioned; what a person wrote meanwhile stays. */
  readonly write: (captionSetId: number, images: readonly CaptionedImage[]) => void;
  readonly setStatus: (
    captionSetId: number,
    status: CaptioningRecord['status'],
    failure?: FailureData | null,
  ) => void;
  /** Images that failed are tried again. */
  readonly retry: (captionSetId: number) => void;
  readonly remove: (captionSetId: number) => void;
  /** Work on sets that are removed and come back. */
  readonly aside: CaptioningAside;
  /** Forgets work whose change was undone. */
  readonly forgetUndone: () => void;
  /** Which sets a captioner is needed for. */
  readonly neededBy: (captionerId: number) => readonly string[];
}

interface Row {
  readonly caption_set_id: number;
  readonly dataset_id: number;
  readonly name: string;
  readonly captioner_id: number;
  readonly options: string;
  readonly place: NewCaptioning['place'];
  readonly status: CaptioningRecord['status'];
  readonly failure: string | null;
  readonly first_failure: string | null;
  readonly total: number;
  readonly pending: number;
  readonly failed: number;
}

const select = `SELECT captioning.*, dataset_id, name,
    (SELECT count(*) FROM captioning_image WHERE caption_set_id = id AND failure IS NULL) AS pending,
    (SELECT count(*) FROM captioning_image WHERE caption_set_id = id AND failure IS NOT NULL) AS failed,
    (SELECT failure FROM captioning_image WHERE caption_set_id = id AND failure IS NOT NULL LIMIT 1) AS first_failure
  FROM captioning JOIN caption_set ON id = caption_set_id`;

export function createCaptioningRecords({ database, now }: DatasetDomain): CaptioningRecords {
  const rows = (rest: string) => database.prepare<(number | string)[], Row>(`${select} ${rest}`);
  const [ofDataset, bySet, waiting] = [
    rows('WHERE dataset_id = ? ORDER BY captioning.created_at, id'),
    rows('WHERE caption_set_id = ?'),
    rows("WHERE status = 'waiting' ORDER BY captioning.created_at, id LIMIT 1"),
  ];
  const insert = database.prepare(
    `INSERT OR REPLACE INTO captioning (caption_set_id, journal_id, captioner_id, options, place, total, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const addImage = database.prepare('INSERT INTO captioning_image (caption_set_id, image_id) VALUES (?, ?)');
  const pending = database.prepare<[number, number], { id: number; root: string; path: string }>(
    `SELECT image.id, root, path FROM captioning_image
     JOIN image ON image.id = image_id JOIN dataset_source ON dataset_source.id = source_id
     WHERE caption_set_id = ? AND failure IS NULL ORDER BY file LIMIT ?`,
  );
  const take = database.prepare(
    'DELETE FROM captioning_image WHERE caption_set_id = ? AND image_id = ? AND failure IS NULL',
  );
  const failImage = database.prepare(
    'UPDATE captioning_image SET failure = ? WHERE caption_set_id = ? AND image_id = ?',
  );
  const caption = database.prepare(
    `INSERT INTO caption (caption_set_id, image_id, text) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET text = excluded.text WHERE by_hand = 0`,
  );
  const setStatus = database.prepare(
    'UPDATE captioning SET status = ?, failure = ? WHERE caption_set_id = ?',
  );
  const retry = database.prepare('UPDATE captioning_image SET failure = NULL WHERE caption_set_id = ?');
  const remove = database.prepare('DELETE FROM captioning WHERE caption_set_id = ?');
  const forgetUndone = database.prepare(
    'DELETE FROM captioning WHERE journal_id IN (SELECT id FROM journal WHERE undone = 1)',
  );
  const neededBy = database
    .prepare<[number], string>(
      `SELECT name FROM captioning JOIN caption_set ON id = caption_set_id
       WHERE captioner_id = ? AND status <> 'finished'`,
    )
    .pluck();
  const { absolute } = libraryPathsOf(database);
  const one = (row: Row | undefined) => (row === undefined ? null : toRecord(row));
  return {
    begin: (change, work, imageIds) => {
      insert.run(
        ...[work.captionSetId, change.id, work.captionerId, JSON.stringify(work.options), work.place],
        ...[imageIds.length, now()],
      );
      for (const imageId of imageIds) addImage.run(work.captionSetId, imageId);
    },
    of: (datasetId) => ofDataset.all(datasetId).map(toRecord),
    find: (captionSetId) => one(bySet.get(captionSetId)),
    next: () => one(waiting.get()),
    pending: (captionSetId, limit) =>
      pending
        .all(captionSetId, limit)
        .map(({ id, root, path }) => ({ imageId: id, path: join(absolute(root), path) })),
    write: database.transaction((captionSetId: number, images: readonly CaptionedImage[]) => {
      for (const image of images) {
        const { imageId } = image;
        if ('failure' in image) failImage.run(JSON.stringify(image.failure), captionSetId, imageId);
        else if (take.run(captionSetId, imageId).changes === 1)
          caption.run(captionSetId, imageId, image.text);
      }
    }),
    setStatus: (captionSetId, status, failure = null) => {
      setStatus.run(status, failure === null ? null : JSON.stringify(failure), captionSetId);
    },
    retry: (captionSetId) => retry.run(captionSetId),
    remove: (captionSetId) => remove.run(captionSetId),
    aside: createCaptioningAside(database),
    forgetUndone: () => forgetUndone.run(),
    neededBy: (captionerId) => neededBy.all(captionerId),
  };
}

function toRecord(row: Row): CaptioningRecord {
  const failure = row.failure ?? row.first_failure;
  return {
    captionSetId: row.caption_set_id,
    datasetId: row.dataset_id,
    name: row.name,
    captionerId: row.captioner_id,
    options: captioningOptionsSchema.parse(JSON.parse(row.options)),
    place: row.place,
    status: row.status,
    failure: failure === null ? null : failureSchema.parse(JSON.parse(failure)),
    total: row.total,
    pending: row.pending,
    failed: row.failed,
  };
}
