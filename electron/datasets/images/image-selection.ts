import { LRUCache } from 'lru-cache';

import type { ImageQuery } from '../../contract/datasets.ts';
import type { LibraryDatabase } from '../../library/database.ts';
import { tagsOf } from '../captions/tag-variants.ts';
import type { DatasetDomain } from '../domain.ts';

/** Which images of a data set a query selects, in its order. */
export interface ImageSelection {
  readonly ids: (datasetId: number, query: ImageQuery) => Promise<readonly number[]>;
}

/** Ids kept in memory, 8 bytes each: of several large lists, or of all that pages are likely to show of small ones. */
const keptIds = 4_000_000;

/**
 * Selects by SQL once and keeps the list of ids until the data set changes, so that a page scrolling through hundreds of
 * thousands of images costs a slice and a few look-ups by key, wherever it is.
 * @param duplicates ids of images that have a like among the others
 */
export function createImageSelection(
  { database, revision }: DatasetDomain,
  duplicates: (datasetId: number) => Promise<ReadonlySet<number>>,
): ImageSelection {
  database.function('small_letters', { deterministic: true }, (text) => String(text).toLowerCase());
  database.function('has_tag', { deterministic: true }, (text, tag) =>
    tagsOf(String(text)).includes(String(tag)) ? 1 : 0,
  );
  const kept = new LRUCache<string, { readonly revision: number; readonly ids: readonly number[] }>({
    maxSize: keptIds,
    sizeCalculation: ({ ids }) => 1 + ids.length,
  });
  return {
    ids: async (datasetId, query) => {
      const key = JSON.stringify([datasetId, query]);
      const known = kept.get(key);
      if (known?.revision === revision(datasetId)) return known.ids;
      const at = revision(datasetId);
      const all = select(database, datasetId, query);
      const alike = query.filter === 'duplicates' ? await duplicates(datasetId) : null;
      const ids = alike === null ? all : all.filter((id) => alike.has(id));
      kept.set(key, { revision: at, ids });
      return ids;
    },
  };
}

const order = {
  added: 'added_at',
  bytes: 'bytes',
  pixels: 'pixels',
  aspect: 'aspect',
} as const satisfies Partial<Record<ImageQuery['sort'], string>>;

const conditions = {
  all: 'gone = 0',
  training: 'gone = 0 AND excluded = 0 AND held_out = 0',
  'held-out': 'gone = 0 AND excluded = 0 AND held_out = 1',
  excluded: 'gone = 0 AND excluded = 1',
  captioned: 'gone = 0 AND excluded = 0',
  uncaptioned: 'gone = 0 AND excluded = 0',
  duplicates: 'gone = 0 AND excluded = 0',
} as const satisfies Record<ImageQuery['filter'], string>;

function select(database: LibraryDatabase, datasetId: number, query: ImageQuery): readonly number[] {
  const { captionSetId } = query;
  const written = query.search.normalize('NFC').toLowerCase().split(/\s+/);
  const terms = [...new Set(written)].filter((term) => term !== '');
  const needsCaption = captionSetId !== null && (query.sort === 'caption' || terms.length > 0);
  const where = ['image.dataset_id = :datasetId', conditions[query.filter]];
  const values: Record<string, string | number | null> = { datasetId, captionSetId };

  const captioned = `EXISTS (SELECT 1 FROM caption AS any WHERE any.image_id = image.id
    AND (:captionSetId IS NULL OR any.caption_set_id = :captionSetId))`;
  if (query.filter === 'captioned') where.push(captioned);
  if (query.filter === 'uncaptioned') where.push(`NOT ${captioned}`);
  if (query.tag !== null) {
    values.tag = query.tag;
    where.push(`EXISTS (SELECT 1 FROM caption AS tagged WHERE tagged.image_id = image.id
      AND (:captionSetId IS NULL OR tagged.caption_set_id = :captionSetId)
      AND instr(tagged.text, :tag) AND has_tag(tagged.text, :tag))`);
  }
  terms.forEach((term, index) => {
    values[`term${index}`] = term;
    values[`like${index}`] = `%${term.replaceAll(/[\\%_]/g, '\\$&')}%`;
    const places = [`instr(search, :term${index})`];
    if (needsCaption) places.push(contains('caption.text', term, index));
    else
      places.push(`EXISTS (SELECT 1 FROM caption AS found WHERE found.image_id = image.id
        AND ${contains('found.text', term, index)})`);
    where.push(`(${places.join(' OR ')})`);
  });

  const direction = query.descending ? 'DESC' : 'ASC';
  const sort = query.sort === 'caption' && captionSetId === null ? 'name' : query.sort;
  const by =
    sort === 'caption'
      ? `caption.text IS NULL, caption.text ${direction}, name_key, file`
      : sort === 'name'
        ? `name_key ${direction}, file ${direction}`
        : `${order[sort]} ${direction}, image.id ${direction}`;
  const join = needsCaption
    ? 'LEFT JOIN caption ON caption.image_id = image.id AND caption.caption_set_id = :captionSetId'
    : '';
  return database
    .prepare<[typeof values], number>(
      `SELECT image.id FROM image ${join} WHERE ${where.join(' AND ')} ORDER BY ${by}`,
    )
    .pluck()
    .all(values);
}

/** SQLite's LIKE ignores the case of ASCII letters alone; other letters take the slower way. */
function contains(column: string, term: string, index: number): string {
  return !/\P{ASCII}/u.test(term)
    ? `${column} LIKE :like${index} ESCAPE '\\'`
    : `instr(small_letters(${column}), :term${index})`;
}
