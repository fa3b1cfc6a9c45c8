import type { CaptionSource } from '../../contract/captions.ts';
import type { LibraryDatabase } from '../../library/database.ts';
import { unknownCaptionSet } from '../domain.ts';
import { type StoredImage, storedImages } from '../images/image-records.ts';
import { captionSet } from './caption-set-rows.ts';
import { captionsFor, type MissingCaption } from './captions.ts';

export interface ImageText {
  readonly imageId: number;
  /** Null: no caption. */
  readonly text: string | null;
}

/**
 * What a source gives each image of a data set. Of several captions that came with an image, the first.
 * @throws Failure `caption-template`, `caption-column`, `caption-set-unknown`
 */
export function textsFromSource(
  database: LibraryDatabase,
  datasetId: number,
  source: CaptionSource,
): readonly ImageText[] {
  return textsOfImages(database, datasetId, [...storedImages(database, datasetId)], source).texts;
}

/** As `textsFromSource`, of these images of the data set, with what they lack. */
export function textsOfImages(
  database: LibraryDatabase,
  datasetId: number,
  images: readonly StoredImage[],
  source: CaptionSource,
): { readonly texts: readonly ImageText[]; readonly missing: readonly MissingCaption[] } {
  // What a model says is known image by image, and comes behind.
  if (source.kind === 'hand' || source.kind === 'model') {
    return { texts: images.map(({ imageId }) => ({ imageId, text: null })), missing: [] };
  }
  if (source.kind === 'copy') {
    if (captionSet(database, source.captionSetId).datasetId !== datasetId) throw unknownCaptionSet();
    const text = database
      .prepare<[number, number], string>('SELECT text FROM caption WHERE caption_set_id = ? AND image_id = ?')
      .pluck();
    const texts = images.map(({ imageId }) => ({
      imageId,
      text: text.get(source.captionSetId, imageId) ?? null,
    }));
    return { texts, missing: [] };
  }
  // A data set that has no image yet has no field either; its captions come with its images.
  if (images.length === 0) return { texts: [], missing: [] };
  const { captions, missing } = captionsFor(images, source);
  const none = new Set(missing.filter(({ caption }) => caption === '').map(({ id }) => id));
  const texts = images.map(({ imageId, id }) => ({
    imageId,
    text: none.has(id) ? null : (captions.get(id)?.[0] ?? null),
  }));
  return { texts, missing };
}
