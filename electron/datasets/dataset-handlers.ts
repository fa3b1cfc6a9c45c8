import { rm } from 'node:fs/promises';

import { Failure } from '../../native/failure.ts';
import type { HandlersOf } from '../contract/api.ts';
import type { CaptioningRecords } from './captions/captioning-records.ts';
import { datasetDetail, datasetProblems, datasetSummaries } from './dataset-rows.ts';
import { type DatasetDomain, requireDataset } from './domain.ts';
import type { PictureReader } from './files/picture-reader.ts';
import type { DuplicateGroups } from './images/duplicate-groups.ts';
import { imageFlagHandlers } from './images/image-flag-handlers.ts';
import { imageQueryHandlers } from './images/image-query-handlers.ts';
import type { ImageSelection } from './images/image-selection.ts';
import { imageVersionHandlers } from './images/image-versions.ts';
import { addDataset, type ImportRequest } from './import/add-dataset.ts';
import { importUnpacked } from './import/import-unpacked.ts';
import type { Imports } from './import/imports.ts';
import { readSources } from './import/sources.ts';
import { uploadFolders } from './import/upload-folders.ts';
import type { Journal } from './journal.ts';

export interface DatasetHandlersInput {
  readonly domain: DatasetDomain;
  readonly journal: Journal;
  readonly selection: ImageSelection;
  readonly duplicates: DuplicateGroups;
  readonly imports: Imports;
  readonly pictures: PictureReader;
  readonly captioning: CaptioningRecords;
  /** There may be images to caption. */
  readonly onCaptioning: () => void;
  /** Name of a run that needs the data set; null where none does. */
  readonly usedBy: (datasetId: number) => string | null;
}

export function datasetHandlers(input: DatasetHandlersInput): HandlersOf<'datasets'> {
  const { domain, journal, selection, duplicates, imports, pictures, captioning, onCaptioning, usedBy } =
    input;
  const { database } = domain;
  const require = (datasetId: number) => {
    requireDataset(domain, datasetId);
  };
  /** Gives what was undone or redone, null where there was nothing. */
  const goBackOrOn = (datasetId: number, step: () => string | null): string | null => {
    const label = database.transaction(() => captioning.aside.around(datasetId, step))();
    if (label === null) return null;
    domain.changed(datasetId, 'captions', 'images', 'datasets');
    onCaptioning();
    return label;
  };
  return {
    ...imageQueryHandlers(domain, selection, duplicates),
    ...imageFlagHandlers(domain, journal),
    ...imageVersionHandlers(domain, pictures),
    'datasets.list': () => datasetSummaries(database, imports.isRunning),
    'datasets.get': ({ datasetId }) =>
      datasetDetail(database, datasetId, imports.isRunning(datasetId), journal.next(datasetId)),
    'datasets.import': async (request) => {
      const add = (all: ImportRequest) => addDataset(domain, all);
      const { uploads } = domain.library.paths;
      const datasetId = await (request.unpack ? importUnpacked(uploads, request, add) : add(request));
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
      const roots = readSources(database, datasetId).map(({ root }) => root);
      const uploads = uploadFolders(domain.library.paths.uploads, roots);
      database.prepare('DELETE FROM dataset WHERE id = ?').run(datasetId);
      domain.changed(datasetId, 'datasets', 'images', 'captions');
      for (const folder of uploads) await rm(folder, { recursive: true, force: true });
      return null;
    },
    'datasets.problems': ({ datasetId }) => {
      require(datasetId);
      return datasetProblems(database, datasetId);
    },
    'datasets.undo': ({ datasetId }) => {
      require(datasetId);
      const undone = goBackOrOn(datasetId, () => {
        const label = journal.undo(datasetId);
        captioning.forgetUndone();
        return label;
      });
      return { undone };
    },
    'datasets.redo': ({ datasetId }) => {
      require(datasetId);
      const redone = goBackOrOn(datasetId, () => journal.redo(datasetId));
      return { redone };
    },
  };
}
