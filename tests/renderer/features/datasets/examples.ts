import type { CaptionSetData } from '../../../../electron/contract/captions.ts';
import type { DatasetDetail, ImageDetail, ImageRow } from '../../../../electron/contract/datasets.ts';

/** A small data set as the studio would tell of it, for tests to change. */
export const dataset: DatasetDetail = {
  id: 7,
  name: 'Cats',
  folder: '/pictures/cats',
  images: 4,
  excluded: 0,
  heldOut: 0,
  problems: 0,
  captionSets: 1,
  importing: false,
  embedded: false,
  createdAt: 0,
  cover: [1, 2, 3, 4],
  fields: [
    { name: 'name', images: 4, example: 'Tom' },
    { name: 'breed', images: 3, example: 'Siamese' },
  ],
  fileNamePattern: null,
  bytes: 4000,
  undo: null,
  redo: null,
};

export const captionSet: CaptionSetData = {
  id: 5,
  datasetId: 7,
  name: 'Names',
  source: { kind: 'hand' },
  tags: { shuffle: false, keepFirst: 1, dropout: 0, variants: 8 },
  captioned: 4,
  uncaptioned: 0,
  byHand: 0,
};

export const imageRow = (id: number, change: Partial<ImageRow> = {}): ImageRow => ({
  id,
  file: `cat-${id}.png`,
  width: 400,
  height: 300,
  bytes: 1000,
  heldOut: false,
  excluded: false,
  repeats: 1,
  caption: `caption ${id}`,
  ...change,
});

export const imageDetail = (id: number, change: Partial<ImageDetail> = {}): ImageDetail => ({
  ...imageRow(id),
  path: `/pictures/cats/cat-${id}.png`,
  metadata: { name: 'Tom' },
  captions: [],
  masked: false,
  addedAt: 0,
  ...change,
});
