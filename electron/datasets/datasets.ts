import type { HandlersOf } from '../contract/api.ts';
import type { DomainContext } from '../library/library.ts';
import { captionHandlers } from './captions/caption-handlers.ts';
import { type CaptioningRecords, createCaptioningRecords } from './captions/captioning-records.ts';
import { datasetHandlers } from './dataset-handlers.ts';
import { openDomain } from './domain.ts';
import { createPictureReader, type PictureReader } from './files/picture-reader.ts';
import { createDuplicateGroups } from './images/duplicate-groups.ts';
import { createImageSelection } from './images/image-selection.ts';
import { createMedia, type DatasetMedia } from './images/media.ts';
import { openThumbnails } from './images/thumbnails.ts';
import { addSampleDataset } from './import/add-dataset.ts';
import { createImports } from './import/imports.ts';
import { createJournal } from './journal.ts';
import { readRunData, type RunData } from './run-data.ts';

/** Data sets and their captions: what pages ask of them, and what other domains need of them. */
export interface Datasets extends DatasetMedia {
  readonly handlers: HandlersOf<'datasets' | 'captions'>;
  /**
   * What a run is planned on.
   * @param seed of shuffling and dropout of tags
   * @throws Failure `dataset-unknown`, `caption-set-unknown`, `dataset-empty`
   */
  readonly runData: (datasetId: number, captionSetId: number, seed: number) => RunData;
  /**
   * The data set that comes with Screenfold, added when a library is first opened.
   * @returns its id; null where a person has removed it
   */
  readonly addSample: (folder: string, name: string) => number | null;
  /** What models are to caption, for who has them do it. */
  readonly captioning: CaptioningRecords;
  /** Says that captions of a data set changed. */
  readonly captionsChanged: (datasetId: number) => void;
  /** Called when there may be something to caption. */
  readonly onCaptioning: (listener: () => void) => void;
  /** Resolves when nothing is being imported. */
  readonly settled: () => Promise<void>;
  /** Stops imports, to be continued when the library is opened next. */
  readonly close: () => Promise<void>;
}

export interface DatasetOptions {
  /** Name of a run that needs a data set; null where none does. */
  readonly usedBy?: (datasetId: number) => string | null;
  /** Decodes pictures; by default a process of its own. */
  readonly pictures?: PictureReader;
  /** Image files read at a time. */
  readonly concurrency?: number;
}

export function createDatasets(context: DomainContext, options: DatasetOptions = {}): Datasets {
  const domain = openDomain(context);
  const { database } = domain;
  const thumbnails = openThumbnails(context.library.paths.thumbnails);
  thumbnails.catch((error: unknown) => {
    context.log.error('The folder of thumbnails cannot be used', error);
  });
  const journal = createJournal(database, context.now);
  const duplicates = createDuplicateGroups(domain);
  const selection = createImageSelection(domain, duplicates.ids);
  const pictures = options.pictures ?? createPictureReader();
  const imports = createImports(domain, thumbnails, pictures, options.concurrency);
  const captioning = createCaptioningRecords(domain);
  let listener: () => void = () => undefined;
  const onCaptioning = () => {
    listener();
  };
  const usedBy = options.usedBy ?? (() => null);
  return {
    handlers: {
      ...datasetHandlers({
        ...{ domain, journal, selection, duplicates, imports, pictures, usedBy, captioning, onCaptioning },
      }),
      ...captionHandlers(domain, journal, selection, captioning, onCaptioning),
    },
    ...createMedia(domain, thumbnails, pictures),
    runData: (datasetId, captionSetId, seed) => readRunData(database, datasetId, captionSetId, seed),
    addSample: (folder, name) => {
      const sample = addSampleDataset(domain, folder, name, {
        kind: 'template',
        template: 'official 3d art of ${name}, ${category}',
      });
      if (sample?.added === true) {
        imports.start(sample.datasetId);
        domain.changed(sample.datasetId, 'datasets');
      }
      return sample?.datasetId ?? null;
    },
    captioning,
    onCaptioning: (next) => {
      listener = next;
    },
    captionsChanged: (datasetId) => {
      domain.changed(datasetId, 'captions', 'images');
    },
    settled: imports.settled,
    close: async () => {
      await imports.close();
      pictures.close();
    },
  };
}
