import { LRUCache } from 'lru-cache';

import type { DatasetDomain } from '../domain.ts';
import { findDuplicates, type HashedImage, type LikeImages } from './duplicates.ts';

/** Bits that pages ask for unless a person chooses others. */
const usualDistance = 4;

export interface DuplicateGroups {
  /** Groups among a data set's images that are not excluded. */
  readonly groups: (datasetId: number, distance: number) => Promise<readonly LikeImages[]>;
  /** Groups of equal files, in which nothing is that is merely alike. */
  readonly exact: (datasetId: number) => readonly LikeImages[];
  /** All images that are in a group at the usual distance. */
  readonly ids: (datasetId: number) => Promise<ReadonlySet<number>>;
}

const turnMilliseconds = 20;
const keptDatasets = 8;

/** Looks for duplicates when asked, in turns that leave the program answering, and keeps the result while it holds. */
export function createDuplicateGroups({ database, revision }: DatasetDomain): DuplicateGroups {
  const select = database.prepare<[number], { id: number; content_hash: string; perceptual_hash: Buffer }>(
    'SELECT id, content_hash, perceptual_hash FROM image WHERE dataset_id = ? AND active = 1 ORDER BY name_key, file',
  );
  const kept = new LRUCache<
    number,
    { readonly key: string; readonly groups: Promise<readonly LikeImages[]> }
  >({ max: keptDatasets });
  const groups = (datasetId: number, distance: number): Promise<readonly LikeImages[]> => {
    const key = `${revision(datasetId)} ${distance}`;
    const known = kept.get(datasetId);
    if (known?.key === key) return known.groups;
    const images = select.all(datasetId).map((row): HashedImage => ({
      id: row.id,
      contentHash: row.content_hash,
      perceptualHash: row.perceptual_hash,
    }));
    const found = findDuplicates(images, distance, turns());
    kept.set(datasetId, { key, groups: found });
    return found;
  };
  return {
    groups,
    exact: (datasetId) => {
      const same = Map.groupBy(select.all(datasetId), (row) => row.content_hash);
      return [...same.values()]
        .filter((rows) => rows.length > 1)
        .map((rows) => ({ kind: 'exact' as const, distance: 0, ids: rows.map(({ id }) => id) }))
        .sort((a, b) => b.ids.length - a.ids.length);
    },
    ids: async (datasetId) => new Set((await groups(datasetId, usualDistance)).flatMap(({ ids }) => ids)),
  };
}

function turns(): () => Promise<void> {
  let began = performance.now();
  return async () => {
    if (performance.now() - began < turnMilliseconds) return;
    await new Promise((resolve) => setImmediate(resolve));
    began = performance.now();
  };
}
