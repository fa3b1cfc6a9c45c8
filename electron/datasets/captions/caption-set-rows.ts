import {
  type CaptionSetData,
  type CaptionSource,
  captionSourceSchema,
  tagOptionsSchema,
} from '../../contract/captions.ts';
import type { LibraryDatabase } from '../../library/database.ts';
import { unknownCaptionSet } from '../domain.ts';

/** Tag options of a new caption set, as its row holds them. */
export const newSetTags = JSON.stringify(tagOptionsSchema.parse({}));

interface Row {
  readonly id: number;
  readonly dataset_id: number;
  readonly name: string;
  readonly source: string;
  readonly tags: string;
  readonly captioned: number;
  readonly by_hand: number;
  readonly active: number;
}

const select = `SELECT caption_set.id, dataset_id, caption_set.name, source, tags, captioned, by_hand,
    images - excluded AS active
  FROM caption_set JOIN dataset ON dataset.id = dataset_id`;

export function captionSets(database: LibraryDatabase, datasetId: number): CaptionSetData[] {
  return database
    .prepare<[number], Row>(`${select} WHERE dataset_id = ? ORDER BY caption_set.created_at, caption_set.id`)
    .all(datasetId)
    .map(toData);
}

/** @throws Failure `caption-set-unknown` */
export function captionSet(database: LibraryDatabase, id: number): CaptionSetData {
  const row = database.prepare<[number], Row>(`${select} WHERE caption_set.id = ?`).get(id);
  if (row === undefined) throw unknownCaptionSet();
  return toData(row);
}

function parseSource(source: string): CaptionSource {
  return captionSourceSchema.parse(JSON.parse(source));
}

function toData(row: Row): CaptionSetData {
  return {
    id: row.id,
    datasetId: row.dataset_id,
    name: row.name,
    source: parseSource(row.source),
    tags: tagOptionsSchema.parse(JSON.parse(row.tags)),
    captioned: row.captioned,
    uncaptioned: row.active - row.captioned,
    byHand: row.by_hand,
  };
}
