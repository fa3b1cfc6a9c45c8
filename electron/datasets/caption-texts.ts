import type { CaptionSource } from '../contract/captions.ts';
import type { LibraryDatabase } from '../library/database.ts';
import { captionSet } from './caption-set-rows.ts';
import { captionsFor } from './captions.ts';
import { unknownCaptionSet } from './domain.ts';
import { storedImages } from './image-records.ts';

/**
 * What a source gives each image of a data set; null: nothing. Of several captions that came with an image, the first.
 * @throws Failure `caption-template`, `caption-column`, `caption-set-unknown`
 */
export function textsFromSource(
  database: LibraryDatabase,
  datasetId: number,
  source: CaptionSource,
): readonly { readonly imageId: number; readonly text: string | null }[] {
  const images = [...storedImages(database, datasetId)];
  if (source.kind === 'hand') return images.map(({ imageId }) => ({ imageId, text: null }));
  if (source.kind === 'copy') {
    if (captionSet(database, source.captionSetId).datasetId !== datasetId) throw unknownCaptionSet();
    const text = database
      .prepare<[number, number], string>('SELECT text FROM caption WHERE caption_set_id = ? AND image_id = ?')
      .pluck();
    return images.map(({ imageId }) => ({ imageId, text: text.get(source.captionSetId, imageId) ?? null }));
  }
  // A data set that has no image yet has no field either; its captions come with its images.
  if (images.length === 0) return [];
  const { captions, missing } = captionsFor(images, source);
  const none = new Set(missing.filter(({ caption }) => caption === '').map(({ id }) => id));
  return images.map(({ imageId, id }) => ({
    imageId,
    text: none.has(id) ? null : (captions.get(id)?.[0] ?? null),
  }));
}
