import { rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { Failure } from '../../native/failure.ts';
import type { HandlersOf } from '../contract/api.ts';
import { datasetDetail, datasetProblems, datasetSummaries } from './dataset-rows.ts';
import { type DatasetDomain, unknownDataset, unknownImage } from './domain.ts';
import { countBuckets } from './images/bucket-preview.ts';
import type { DuplicateGroups } from './images/duplicate-groups.ts';
import { storedImages } from './images/image-records.ts';
import { imageDetail, imageRows } from './images/image-rows.ts';
import type { ImageSelection } from './images/image-selection.ts';
import { splitDataset, type ValidationChoice } from './images/split.ts';
import { addDataset } from './import/add-dataset.ts';
import type { Imports } from './import/imports.ts';
import { readSources } from './import/sources.ts';
import type { Journal } from './journal.ts';

export interface DatasetHandlersInput {
  readonly domain: DatasetDomain;
  readonly journal: Journal;
  readonly selection: ImageSelection;
  readonly duplicates: DuplicateGroups;
  readonly imports: Imports;
  /** Name of a run that needs the data set; null where none does. */
  readonly usedBy: (datasetId: number) => string | null;
}

export function datasetHandlers(input: DatasetHandlersInput): HandlersOf<'datasets'> {
  const { domain, journal, selection, duplicates, imports, usedBy } = input;
  const { database } = domain;
  const require = (datasetId: number): void => {
    if (database.prepare('SELECT 1 FROM dataset WHERE id = ?').get(datasetId) === undefined) {
      throw unknownDataset();
    }
  };

  /** One undoable change of flags of images, which are all of one data set. */
  const changeImages = (
    datasetId: number,
    imageIds: readonly number[],
    label: string,
    column: 'excluded' | 'held_out',
    value: (imageId: number) => boolean,
  ): void => {
    const update = database.prepare(`UPDATE image SET ${column} = ? WHERE id = ?`);
    database.transaction(() => {
      const change = journal.begin(datasetId, label);
      change.keepImages(imageIds);
      for (const id of imageIds) update.run(value(id) ? 1 : 0, id);
      change.end();
    })();
    domain.changed(datasetId, 'images', 'datasets', 'captions');
  };
  const differing = (imageIds: readonly number[], column: 'excluded' | 'held_out', value: boolean) => {
    const row = database.prepare<[number], { dataset_id: number; value: number }>(
      `SELECT dataset_id, ${column} AS value FROM image WHERE id = ?`,
    );
    const [first = 0] = imageIds;
    const datasetId = row.get(first)?.dataset_id;
    if (datasetId === undefined) throw unknownImage();
    const ids: number[] = [];
    for (const id of new Set(imageIds)) {
      const found = row.get(id);
      if (found?.dataset_id !== datasetId) throw unknownImage();
      if (found.value !== (value ? 1 : 0)) ids.push(id);
    }
    return { datasetId, ids };
  };

  return {
    'datasets.list': () => datasetSummaries(database, imports.isRunning),
    'datasets.get': ({ datasetId }) =>
      datasetDetail(database, datasetId, imports.isRunning(datasetId), journal.next(datasetId)),
    'datasets.import': async (request) => {
      const datasetId = await addDataset(domain, request);
      imports.start(datasetId);
      domain.changed(datasetId, 'datasets');
      return { datasetId };
    },
    'datasets.cancelImport': async ({ datasetId }) => {
      require(datasetId);
      await imports.cancel(datasetId);
      return null;
    },
    'datasets.rescan': ({ datasetId }) => {
      require(datasetId);
      database.prepare('UPDATE dataset_source SET pending = 1 WHERE dataset_id = ?').run(datasetId);
      imports.start(datasetId);
      domain.changed(datasetId, 'datasets');
      return null;
    },
    'datasets.rename': ({ datasetId, name }) => {
      require(datasetId);
      database.prepare('UPDATE dataset SET name = ? WHERE id = ?').run(name, datasetId);
      domain.changed(datasetId, 'datasets');
      return null;
    },
    'datasets.remove': async ({ datasetId }) => {
      require(datasetId);
      const run = usedBy(datasetId);
      if (run !== null) {
        throw new Failure(
          'dataset-in-use',
          `The run '${run}' needs this data set.`,
          'Let it finish, or stop it, before removing the data set.',
        );
      }
      await imports.cancel(datasetId);
      const uploads = uploadsOf(domain, datasetId);
      database.prepare('DELETE FROM dataset WHERE id = ?').run(datasetId);
      domain.changed(datasetId, 'datasets', 'images', 'captions');
      for (const folder of uploads) await rm(folder, { recursive: true, force: true });
      return null;
    },
    'datasets.problems': ({ datasetId }) => {
      require(datasetId);
      return datasetProblems(database, datasetId);
    },
    'datasets.images': async ({ datasetId, query, offset, limit }) => {
      require(datasetId);
      const ids = await selection.ids(datasetId, query);
      const rows = imageRows(database, ids.slice(offset, offset + limit), query.captionSetId);
      return { total: ids.length, rows };
    },
    'datasets.imageIds': async ({ datasetId, query }) => {
      require(datasetId);
      return [...(await selection.ids(datasetId, query))];
    },
    'datasets.image': ({ imageId }) => imageDetail(database, imageId),
    'datasets.exclude': ({ imageIds, excluded }) => {
      const { datasetId, ids } = differing(imageIds, 'excluded', excluded);
      const label = `${excluded ? 'Exclude' : 'Include'} ${counted(ids.length)}`;
      if (ids.length > 0) changeImages(datasetId, ids, label, 'excluded', () => excluded);
      return null;
    },
    'datasets.holdOut': ({ imageIds, heldOut }) => {
      const { datasetId, ids } = differing(imageIds, 'held_out', heldOut);
      const label = heldOut ? `Hold out ${counted(ids.length)}` : `Train on ${counted(ids.length)}`;
      if (ids.length > 0) changeImages(datasetId, ids, label, 'held_out', () => heldOut);
      return null;
    },
    'datasets.setValidation': ({ datasetId, choice }) => {
      require(datasetId);
      const images = [...storedImages(database, datasetId)].filter(({ excluded }) => !excluded);
      if (images.length === 0) return null;
      const held = new Set(splitDataset(images, choice).validation.map(({ imageId }) => imageId));
      const ids = images
        .filter(({ imageId, heldOut }) => heldOut !== held.has(imageId))
        .map(({ imageId }) => imageId);
      if (ids.length > 0) changeImages(datasetId, ids, splitLabel(choice), 'held_out', (id) => held.has(id));
      return null;
    },
    'datasets.duplicates': async ({ datasetId, distance }) => {
      require(datasetId);
      const groups = await duplicates.groups(datasetId, distance);
      return groups.map(({ kind, distance: bits, ids }) => {
        const images = imageRows(database, ids, null);
        const held = images.filter(({ heldOut }) => heldOut).length;
        return { kind, distance: bits, crossesSplit: held > 0 && held < images.length, images };
      });
    },
    'datasets.buckets': ({ datasetId, resolution, step }) => {
      require(datasetId);
      return countBuckets(database, datasetId, resolution, step);
    },
    'datasets.undo': ({ datasetId }) => {
      require(datasetId);
      const undone = database.transaction(() => journal.undo(datasetId))();
      if (undone !== null) domain.changed(datasetId, 'captions', 'images', 'datasets');
      return { undone };
    },
    'datasets.redo': ({ datasetId }) => {
      require(datasetId);
      const redone = database.transaction(() => journal.redo(datasetId))();
      if (redone !== null) domain.changed(datasetId, 'captions', 'images', 'datasets');
      return { redone };
    },
  };
}

function counted(images: number): string {
  return images === 1 ? 'an image' : `${images} images`;
}

function splitLabel(choice: ValidationChoice): string {
  switch (choice.kind) {
    case 'none':
      return 'Hold out no image';
    case 'count':
      return `Hold out ${counted(choice.count)}`;
    case 'fraction':
      return `Hold out ${Number((100 * choice.fraction).toFixed(1))} %`;
    case 'marked':
    case 'ids':
      return 'Hold out the images marked for it';
  }
}

/** What a browser sent of a data set; only this may be deleted with it. */
function uploadsOf({ database, library }: DatasetDomain, datasetId: number): readonly string[] {
  return readSources(database, datasetId).flatMap(({ root }) => {
    const inside = relative(library.paths.uploads, root);
    const [upload = ''] = inside.split(/[\\/]/);
    const folder = join(library.paths.uploads, upload);
    return upload === '' || upload === '..' || dirname(folder) !== library.paths.uploads ? [] : [folder];
  });
}
