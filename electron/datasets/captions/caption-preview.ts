import { failureText } from '../../../native/facts/failure-text.ts';
import { Failure } from '../../../native/failure.ts';
import type { CaptionPreview, CaptionSource } from '../../contract/captions.ts';
import type { LibraryDatabase } from '../../library/database.ts';
import { storedImages } from '../images/image-records.ts';
import { textsOfImages } from './caption-texts.ts';
import type { MissingCaption } from './captions.ts';

/** What a source would give a data set's used images. Examples show first what lacks something, then images throughout. */
export function previewCaptions(
  database: LibraryDatabase,
  datasetId: number,
  source: CaptionSource,
  count: number,
): CaptionPreview {
  const images = [...storedImages(database, datasetId)].filter(({ excluded }) => !excluded);
  try {
    const { texts: all, missing } = textsOfImages(database, datasetId, images, source);
    const texts = new Map(all.map(({ imageId, text }) => [imageId, text]));
    const lacking = new Map(missing.map(({ id, fields }) => [id, fields]));
    const uncaptioned = images.filter(({ imageId }) => (texts.get(imageId) ?? null) === null).length;
    return {
      examples: pickExamples(images, (image) => lacking.has(image.id), count).map(({ imageId, id }) => ({
        imageId,
        file: id,
        caption: texts.get(imageId) ?? '',
        missing: [...(lacking.get(id) ?? [])],
      })),
      captioned: images.length - uncaptioned,
      uncaptioned,
      missing: countFields(missing),
      fault: null,
    };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return {
      examples: [],
      captioned: 0,
      uncaptioned: images.length,
      missing: [],
      fault: failureText(error),
    };
  }
}

function countFields(missing: readonly MissingCaption[]): CaptionPreview['missing'] {
  const counts = new Map<string, number>();
  for (const field of missing.flatMap(({ fields }) => fields))
    counts.set(field, (counts.get(field) ?? 0) + 1);
  return [...counts].map(([field, images]) => ({ field, images })).sort((a, b) => b.images - a.images);
}

/** Images from all over the data set; up to a third of them lack something, where there are such. */
function pickExamples<T>(images: readonly T[], lacks: (image: T) => boolean, count: number): readonly T[] {
  const poor = spread(images.filter(lacks), Math.ceil(count / 3));
  const rest = images.filter((image) => !poor.includes(image));
  return [...spread(rest, count - poor.length), ...poor];
}

function spread<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, at) => items[Math.floor((at * items.length) / count)]!);
}
