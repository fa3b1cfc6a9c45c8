import type { HandlersOf } from '../../contract/api.ts';
import { type DatasetDomain, requireDataset } from '../domain.ts';
import { countBuckets } from './bucket-preview.ts';
import type { DuplicateGroups } from './duplicate-groups.ts';
import { imageDetail, imageRows } from './image-rows.ts';
import type { ImageSelection } from './image-selection.ts';

export type ImageQueries =
  'datasets.images' | 'datasets.imageIds' | 'datasets.image' | 'datasets.duplicates' | 'datasets.buckets';

/** What pages ask of the images of a data set. */
export function imageQueryHandlers(
  domain: DatasetDomain,
  selection: ImageSelection,
  duplicates: DuplicateGroups,
): Pick<HandlersOf<'datasets'>, ImageQueries> {
  const { database } = domain;
  return {
    'datasets.images': async ({ datasetId, query, offset, limit }) => {
      requireDataset(domain, datasetId);
      const ids = await selection.ids(datasetId, query);
      const rows = imageRows(database, ids.slice(offset, offset + limit), query.captionSetId);
      return { total: ids.length, rows };
    },
    'datasets.imageIds': async ({ datasetId, query }) => {
      requireDataset(domain, datasetId);
      return [...(await selection.ids(datasetId, query))];
    },
    'datasets.image': ({ imageId }) => imageDetail(database, imageId),
    'datasets.duplicates': async ({ datasetId, distance, exact }) => {
      requireDataset(domain, datasetId);
      const groups = exact ? duplicates.exact(datasetId) : await duplicates.groups(datasetId, distance);
      return groups.map(({ kind, distance: bits, ids }) => {
        const images = imageRows(database, ids, null);
        const held = images.filter(({ heldOut }) => heldOut).length;
        return { kind, distance: bits, crossesSplit: held > 0 && held < images.length, images };
      });
    },
    'datasets.buckets': ({ datasetId, resolution, step }) => {
      requireDataset(domain, datasetId);
      return countBuckets(database, datasetId, resolution, step);
    },
  };
}
