import { type ImageQuery, imageQuerySchema } from '../../contract/datasets.ts';
import type { LibraryDatabase } from '../../library/database.ts';
import type { ImageSelection } from '../images/image-selection.ts';

export interface ImageCaption {
  readonly imageId: number;
  readonly text: string;
}

/** Captions of one set, by the images that they are of. */
export interface CaptionsOfImages {
  /** Ids of the images that a query selects; without one, of all that are used. */
  readonly selected: (datasetId: number, query: ImageQuery | undefined) => Promise<readonly number[]>;
  /** In the images' order; images without a caption are left out. */
  readonly captions: (captionSetId: number, imageIds: readonly number[]) => readonly ImageCaption[];
  readonly textOf: (captionSetId: number, imageId: number) => string | undefined;
}

const used: readonly ImageQuery[] = [
  imageQuerySchema.parse({ filter: 'training' }),
  imageQuerySchema.parse({ filter: 'held-out' }),
];

export function createCaptionsOfImages(
  database: LibraryDatabase,
  selection: ImageSelection,
): CaptionsOfImages {
  const select = database
    .prepare<[number, number], string>('SELECT text FROM caption WHERE caption_set_id = ? AND image_id = ?')
    .pluck();
  const textOf = (captionSetId: number, imageId: number) => select.get(captionSetId, imageId);
  return {
    selected: async (datasetId, query) => {
      if (query !== undefined) return selection.ids(datasetId, query);
      const lists = await Promise.all(used.map((one) => selection.ids(datasetId, one)));
      return lists.flat();
    },
    captions: (captionSetId, imageIds) =>
      imageIds.flatMap((imageId) => {
        const text = textOf(captionSetId, imageId);
        return text === undefined ? [] : [{ imageId, text }];
      }),
    textOf,
  };
}
